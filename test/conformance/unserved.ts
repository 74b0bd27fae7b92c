// Operations of Twilio's file that are not served, each with the reason. The test holds this table to
// the truth: what is in it must not answer, and what is not in it must.

const ofAccount = '/2010-04-01/Accounts/{AccountSid}'

const because = (reason: string, names: string): [string, string][] =>
  names
    .trim()
    .split('\n')
    .map((name) => [name.trim().replace('…', ofAccount), reason])

export const unserved: ReadonlyMap<string, string> = new Map([
  ...because(
    'there is no media relay',
    `
    POST …/Tokens.json
    `,
  ),
  ...because(
    'media come with MMS',
    `
    GET …/Messages/{MessageSid}/Media/{Sid}.json
    DELETE …/Messages/{MessageSid}/Media/{Sid}.json
    `,
  ),
  ...because('carriers report numbers given up to Twilio alone', 'GET /v1/Deactivations'),
])
