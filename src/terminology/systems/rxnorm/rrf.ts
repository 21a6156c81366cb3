import type { Release, ReleaseFile } from '../../release/release.js'
import { lines, wrongLine } from '../../release/text.js'

/**
 * The rows of a file in Rich Release Format: values parted by `|`, which ends the last one, too.
 * @param columns  how many there are; releases of UMLS may have more
 * @throws Unprocessable  a row has fewer (422)
 * @see https://www.nlm.nih.gov/research/umls/rxnorm/docs/techdoc.html
 */
export async function* rrf(release: Release, file: ReleaseFile, columns: number): AsyncGenerator<readonly string[]> {
  for await (const { number, text } of lines(release, file)) {
    if (text === '') continue
    const values = text.split('|')
    if (values.length < columns) throw wrongLine(file, number, `${values.length - 1} columns`, `${columns} parted by |`)
    yield values
  }
}
