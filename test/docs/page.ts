// A page of the documentation as something to be run: its code in order, and the files it names.
import { readFileSync } from 'node:fs'

export interface Block {
  language: string
  code: string
  /** Of a block under a line that is nothing but a file's name and a colon: `carriers.yaml`. */
  file?: string
  /** The line it begins at. */
  line: number
}

export function blocksOf(path: string): Block[] {
  const text = readFileSync(path, 'utf8')
  return [...text.matchAll(/(?:^`([\w.-]+)`:\n\n)?^```(\w+)\n([\s\S]*?)^```$/gm)].map(
    ({ 1: file, 2: language = '', 3: code = '', index }) => ({
      language,
      code,
      line: text.slice(0, index).split('\n').length,
      ...(file === undefined ? {} : { file }),
    }),
  )
}
