import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pathsBelow } from '../../src/terminology/release/below.js'
import { Release } from '../../src/terminology/release/release.js'
import { lines, table } from '../../src/terminology/release/text.js'
import { zip } from './zip.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ingle-release-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const put = (name: string, content: string | Buffer) => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

async function contentOf(path: string, name: RegExp): Promise<string> {
  const release = await Release.at([path])
  return text(await release.open(release.need(name, 'file')))
}

describe('a release', () => {
  const long = 'a line that comes again\n'.repeat(50_000)

  it.each([
    ['deflated', zip({ 'in/a.txt': 'hello', 'in/b.txt': long }), long],
    ['stored', zip({ 'b.txt': 'hello' }, { method: 0 }), 'hello'],
    ['with numbers of 64 bits', zip({ 'b.txt': 'hello' }, { zip64: true }), 'hello'],
    ['with a comment behind it', zip({ 'b.txt': 'hello' }, { comment: 'PK\x05\x06 is no end' }), 'hello'],
    ['with an empty file', zip({ 'b.txt': '' }), ''],
  ])('is read from a zip archive %s', async (name, bytes, expected) => {
    expect(await contentOf(put(`${name}.zip`, bytes), /^b\.txt$/)).toBe(expected)
  })

  it.each([
    ['nothing of one', Buffer.from('hello'), /no whole zip archive/],
    ['cut', zip({ 'b.txt': 'hello' }).subarray(0, 60), /no whole zip archive/],
    ['encrypted', zip({ 'b.txt': 'hello' }, { flags: 1 }), /b\.txt is encrypted/],
    ['packed otherwise', zip({ 'b.txt': 'hello' }, { claimed: 9 }), /packed by method 9/],
    ['damaged', zip({ 'b.txt': 'hello' }, { crc: 1 }), /b\.txt is damaged/],
    ['with a damaged directory', zip({ 'b.txt': 'hello' }, { signature: 7 }), /directory is damaged/],
  ])('refuses an archive that is %s', async (name, bytes, why) => {
    await expect(contentOf(put(`${name}.zip`, bytes), /^b\.txt$/)).rejects.toThrow(why)
  })

  it('is read from a folder, to its bottom, and from gzip', async () => {
    mkdirSync(join(folder, 'of', 'files'), { recursive: true })
    put('of/files/c.txt.gz', gzipSync('packed'))
    expect(await contentOf(join(folder, 'of'), /^c\.txt$/)).toBe('packed')
  })

  it('says what is there when a file is missing', async () => {
    const path = put('only.txt', 'x')
    await expect(contentOf(path, /^b\.csv$/)).rejects.toThrow('only.txt has no file; there is only.txt')
    await expect(Release.at([join(folder, 'nowhere')])).rejects.toThrow('There is no file or folder')
  })

  it('keeps what it read as evidence', async () => {
    const release = await Release.at([put('hashed.txt', 'abc')])
    for await (const _ of lines(release, release.files[0]!)) {
    }
    // SHA-256 of abc: FIPS 180-2, appendix B.1
    const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    expect(release.evidence).toEqual([{ file: 'hashed.txt', bytes: 3, sha256 }])
  })
})

describe('a table', () => {
  async function read(content: string, form = {}) {
    const release = await Release.at([put('table.csv', content)])
    const columns = { required: ['Code', 'Name'], optional: ['Note'], also: { Name: ['Title'] } } as const
    const found: string[][] = []
    for await (const { line, get } of table(release, release.files[0]!, columns, form))
      found.push([String(line), get('Code'), get('Name'), get('Note')])
    return found
  }

  it.each([
    ['columns in any order', 'Name,Code\nOne,1\n', [['2', '1', 'One', '']]],
    ['other names and case', '﻿CODE,title,Note\r\n1,One,x\r\n', [['2', '1', 'One', 'x']]],
    ['quotes and lines in them', 'Code,Name\n1,"One,\n""two"""\n', [['3', '1', 'One,\n"two"', '']]],
    ['columns that nobody knows', 'Code,More,Name\n1,?,One\n', [['2', '1', 'One', '']]],
  ])('may have %s', async (_, content, expected) => {
    expect(await read(content)).toEqual(expected)
  })

  it.each([
    ['Code,Other\n1,2\n', 'table.csv, line 1: a header without Name; expected the columns Code, Name'],
    ['Code,Name\n1,One\n2\n', 'table.csv, line 3: 1 columns; expected 2, as many as the header names'],
    ['', 'table.csv, line 1: nothing; expected a header with Code, Name'],
  ])('refuses %j with the line and what was expected', async (content, why) => {
    await expect(read(content)).rejects.toThrow(why)
  })
})

describe('paths from afar', () => {
  it('are those in the folder, and no others', async () => {
    const path = put('within.txt', 'x')
    expect(await pathsBelow(folder, ['within.txt', '.'])).toEqual([path, folder])
    await expect(pathsBelow(folder, ['../..'])).rejects.toThrow('is not in the folder')
    await expect(pathsBelow(folder, ['/etc/passwd'])).rejects.toThrow('is not in the folder')
    await expect(pathsBelow(folder, ['none.txt'])).rejects.toThrow('there is no none.txt')
  })
})
