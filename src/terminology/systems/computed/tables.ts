import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../../base/root.js'

/** The rows of a table in `terminology/`, without its header: values between tabs. */
export function tableOf(file: string): string[][] {
  const [, ...lines] = readFileSync(join(root, 'terminology', file), 'utf8').split('\n')
  return lines.filter(Boolean).map((line) => line.split('\t'))
}
