// A line for each test that failed: the file it is in, as npm test runs it.
import { relative } from 'node:path'

export default async function* failed(source) {
  for await (const { type, data } of source) if (type === 'test:fail') yield `${relative(process.cwd(), data.file ?? data.name)}\n`
}
