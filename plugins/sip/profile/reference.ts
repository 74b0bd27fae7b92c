// The fields of a schema as rows of a table: its documentation, of which docs/sip.md is held to every word.
import type { z } from 'zod'

export interface Row {
  /** `safety.ban.failures` */
  path: string
  /** As JSON; `–` for none. */
  fallback: string
  meaning: string
}

type Def = z.core.$ZodTypes['_zod']['def']

const defOf = (schema: z.core.$ZodType): Def => (schema as z.core.$ZodTypes)._zod.def

export function fieldsOf(schema: z.ZodType, above = ''): Row[] {
  const { inner } = unwrapped(schema)
  const def = defOf(inner)
  if (def.type !== 'object') return []
  return Object.entries(def.shape).flatMap(([name, field]) => {
    const path = above === '' ? name : `${above}.${name}`
    const { inner: within, fallback, meaning } = unwrapped(field)
    const below = defOf(within).type === 'object' ? fieldsOf(within as z.ZodType, path) : []
    return below.length > 0 ? below : [{ path, fallback, meaning }]
  })
}

/** Without optional, default and prefault; what those say is kept. */
function unwrapped(schema: z.core.$ZodType): { inner: z.core.$ZodType; fallback: string; meaning: string } {
  let inner = schema
  let fallback = '–'
  let meaning = ''
  for (;;) {
    meaning ||= (inner as z.ZodType).description ?? ''
    const def = defOf(inner)
    if (def.type === 'default') fallback = JSON.stringify(def.defaultValue)
    if (def.type !== 'default' && def.type !== 'prefault' && def.type !== 'optional') return { inner, fallback, meaning }
    inner = def.innerType
  }
}

/** `| \`path\` | \`default\` | meaning |` */
export function rowText({ path, fallback, meaning }: Row): string {
  return `| \`${path}\` | ${fallback === '–' ? '–' : `\`${fallback}\``} | ${meaning} |`
}
