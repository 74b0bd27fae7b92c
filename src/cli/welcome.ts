// What the terminal shows once the gateway takes messages: where, as whom, and a line to copy. Pure.
export interface Welcome {
  url: string
  /** It listens on every address of the machine, of which the URL is but one. */
  isEverywhere: boolean
  accountSid: string
  authToken: string
  /** The operator chose the token: it is not shown. */
  tokenIsSet: boolean
  data: string
  /** Where clients bind by SMPP; empty: nowhere. */
  smpp: readonly string[]
  /** Where SIP is taken, a line a profile; empty: nowhere. */
  sip: readonly string[]
  demo?: {
    number: string
    recipient: string
    carriers: readonly { id: string; says: string }[]
    client: { systemId: string; password: string }
    /** Who a softphone registers as; absent: nobody can. */
    phone?: { user: string; password: string; domain: string; number: string }
  }
}

export function welcome({ url, isEverywhere, accountSid, authToken, tokenIsSet, data, smpp, sip, demo }: Welcome): string {
  const token = tokenIsSet ? '"$SIGNALBOX_AUTH_TOKEN"' : authToken
  const from = demo?.number ?? '+15550001111'
  const to = demo?.recipient ?? '+447700900123'
  return `
Signalbox takes messages at ${url}${isEverywhere ? ',\nand at every other address of this machine' : ''}

  Account SID   ${accountSid}
  Auth Token    ${tokenIsSet ? 'as set in SIGNALBOX_AUTH_TOKEN' : authToken}
  Data          ${data}
${smppText(smpp, demo)}${sipText(sip)}${demo ? demoText(demo) : ''}
Send a text:

  curl ${url}/2010-04-01/Accounts/${accountSid}/Messages.json \\
    -u ${accountSid}:${token} \\
    --data-urlencode 'To=${to}' --data-urlencode 'From=${from}' --data-urlencode 'Body=Hello from Signalbox'

Then, in another terminal:

  npx signalbox trace SM…                   the message's life, with the sid from the answer
${demo ? replyText(demo) : ''}  npx signalbox plan -f my-carrier.yaml     your own carrier: the README has the file
`.trimStart()
}

function smppText(smpp: Welcome['smpp'], demo: Welcome['demo']): string {
  if (smpp.length === 0) return ''
  const who = demo ? `, in demo mode as system_id ${demo.client.systemId} with the password ${demo.client.password}` : ''
  return `  SMPP          ${smpp.join(' and ')}: clients bind there${who}\n`
}

function sipText(sip: Welcome['sip']): string {
  return sip.map((line, i) => `  ${(i === 0 ? 'SIP' : '').padEnd(13)} ${line}\n`).join('')
}

function phoneText(phone: NonNullable<Welcome['demo']>['phone']): string {
  if (!phone) return ''
  const { user, password, domain, number } = phone
  return `
A softphone (Linphone, baresip …) that registers as ${user}@${domain} with the password ${password}, by UDP or TCP,
has the number ${number}: it sends texts to any number, and gets what is written to its own.
`
}

function demoText({ number, carriers, phone }: NonNullable<Welcome['demo']>): string {
  const lines = carriers.map(({ id, says }) => `  ${id.padEnd(13)} ${says}`)
  return `
Demo mode: simulated carriers over real SMPP, and a number

${lines.join('\n')}
  number        ${number}
${phoneText(phone)}`
}

function replyText({ number, recipient }: NonNullable<Welcome['demo']>): string {
  return `  npx signalbox simulate inbox              what the handsets show
  npx signalbox simulate reply --from ${recipient} --to ${number} 'Hello back'
`
}
