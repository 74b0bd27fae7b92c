// The program: `signalbox <command>`.
import { runProgram } from './cli/program.ts'

await runProgram(process.argv)
