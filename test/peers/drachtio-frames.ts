// The frames that an app sends to a drachtio server: `<octets>#<leader>\r\n<SIP>`, the leader's words
// between bars. Keeps to the server's ring: what does not fit it breaks the link.

export interface Frame {
  /** id, verb and what belongs to it. */
  leader: string[]
  startLine: string
  /** Names and values in turn. */
  lines: string[]
  body: string
}

export interface Frames {
  /** Those that are whole now. */
  push(chunk: Buffer): Frame[]
  broken(): boolean
}

export function createFrames(mostOctets: number): Frames {
  let waiting = Buffer.alloc(0)
  let broken = false
  return {
    push(chunk) {
      const whole: Frame[] = []
      waiting = Buffer.concat([waiting, chunk])
      while (!broken) {
        const hash = waiting.indexOf('#')
        if (hash === -1) {
          broken = waiting.length > 5
          break
        }
        const length = /^\d{1,5}$/.test(waiting.toString('latin1', 0, hash)) ? Number(waiting.toString('latin1', 0, hash)) : Number.NaN
        broken = !(length <= mostOctets)
        if (broken || waiting.length < hash + 1 + length) break
        whole.push(frameOf(waiting.toString('utf8', hash + 1, hash + 1 + length)))
        waiting = waiting.subarray(hash + 1 + length)
      }
      return whole
    },
    broken: () => broken,
  }
}

function frameOf(text: string): Frame {
  const leaderEnd = text.indexOf('\r\n')
  if (leaderEnd === -1) return { leader: text.split('|'), startLine: '', lines: [], body: '' }
  const headEnd = text.indexOf('\r\n\r\n', leaderEnd)
  const [startLine = '', ...fields] = text.slice(leaderEnd + 2, headEnd === -1 ? undefined : headEnd).split('\r\n')
  const lines = fields.flatMap((field) => {
    const colon = field.indexOf(':')
    return colon < 1 ? [] : [field.slice(0, colon).trim(), field.slice(colon + 1).trim()]
  })
  return { leader: text.slice(0, leaderEnd).split('|'), startLine, lines, body: headEnd === -1 ? '' : text.slice(headEnd + 4) }
}
