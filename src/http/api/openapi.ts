// The OpenAPI 3.1 document of the admin API, generated from the schemas that check it.
import { z } from 'zod'
import { inSlices } from '../../admin/slices.ts'
import { errorSchema } from '../errors.ts'
import type { Endpoint } from './endpoint.ts'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** `input`: as a caller writes it, before defaults and conversions; `output`: as we answer. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): { [key: string]: Json } {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12', unrepresentable: 'any' })
  return rest as { [key: string]: Json }
}

function parameters(schema: z.ZodType | undefined, place: 'path' | 'query'): Json[] {
  if (!schema) return []
  const { properties = {}, required = [] } = jsonSchema(schema, 'input') as {
    properties?: { [name: string]: { [key: string]: Json } }
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...of }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: of,
  }))
}

const json = (schema: Json): Json => ({ 'application/json': { schema } })

function operation(of: Endpoint): { [key: string]: Json } {
  const schema = jsonSchema(of.answer, 'output')
  const answer = { description: 'Done', content: of.media === undefined ? json(schema) : { [of.media]: { schema } } }
  return {
    operationId: of.id,
    summary: of.summary,
    tags: [of.tag],
    parameters: [...parameters(of.params, 'path'), ...parameters(of.query, 'query')],
    ...(of.body ? { requestBody: { required: true, content: json(jsonSchema(of.body, 'input')) } } : {}),
    responses: {
      200: answer,
      ...(of.creates ? { 201: { ...answer, description: 'Created' } } : {}),
      default: { $ref: '#/components/responses/Error' },
    },
  }
}

/** In slices: a third of a second in all. */
export async function openApi(endpoints: readonly Endpoint[], version: string): Promise<{ [key: string]: Json }> {
  const paths: { [path: string]: { [verb: string]: Json } } = {}
  await inSlices(endpoints, (each) => ((paths[each.path] ??= {})[each.verb] = operation(each)))
  return {
    openapi: '3.1.0',
    info: {
      title: 'Signalbox admin API',
      version,
      description: 'Accounts, binds, routes, numbers, messages, lanes and statistics. Every call sees the own account and those below it.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/api/v1' }],
    security: [{ basic: [] }],
    paths,
    components: {
      securitySchemes: { basic: { type: 'http', scheme: 'basic', description: 'Account SID and Auth Token' } },
      responses: { Error: { description: 'Refused', content: json(jsonSchema(errorSchema, 'output')) } },
    },
  }
}
