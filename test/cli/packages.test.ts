import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readConfig } from '../../src/base/config.js'
import { commands, type Work } from '../../src/cli/packages/commands.js'
import { PackageList } from '../../src/cli/packages/files.js'
import { installed } from '../../src/cli/packages/ledger.js'
import { readOptions } from '../../src/cli/packages/options.js'
import { Registry } from '../../src/cli/packages/registry.js'
import { serverTarget, type Target } from '../../src/cli/packages/target.js'
import { type Given, openServer, type RestServer } from '../rest/server.js'
import { archiveOf, FakeRegistry } from './package-archive.js'

let server: RestServer
let registry: FakeRegistry
let target: ReturnType<typeof serverTarget>
let folder: string
beforeAll(async () => {
  server = await openServer()
  target = serverTarget(server.base)
})
afterAll(async () => {
  target?.close()
  await server?.stop()
})
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ingle-packages-'))
  registry = await new FakeRegistry().start()
})
afterEach(async () => {
  for (const one of (await installed(target)).keys()) await run('remove', one, '--no-save')
  await registry.stop()
  rmSync(folder, { recursive: true })
})

const OURS = 'http://example.org/fhir'

/** Runs a command as `npm run packages -- …` does; on the running server unless another target is given. */
async function run(...args: (string | Target)[]) {
  const asked = args.find((one) => typeof one === 'object') ?? target
  const words = args.filter((one) => typeof one === 'string')
  const options = readOptions(readConfig({}), [...words, '--url', server.base, '--registry', registry.url])
  const said: string[] = []
  const complaints: string[] = []
  const work: Work = {
    ...options,
    target: asked,
    registry: new Registry(options.registryUrl, join(folder, 'archives')),
    list: new PackageList(join(folder, 'packages.json')),
    telling: { say: (line) => said.push(line) },
    complain: (line) => complaints.push(line),
  }
  const isDone = await commands[options.command](work)
  return { isDone, said: said.join('\n'), complaints: complaints.join('\n') }
}

const profile = (version: string, min = 1) => ({
  resourceType: 'StructureDefinition',
  id: 'child',
  url: `${OURS}/StructureDefinition/child`,
  version,
  name: 'Child',
  status: 'active',
  kind: 'resource',
  abstract: false,
  type: 'Patient',
  baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Patient',
  derivation: 'constraint',
  differential: { element: [{ id: 'Patient.birthDate', path: 'Patient.birthDate', min }] },
})
const colours = (version: string) => ({
  resourceType: 'ValueSet',
  id: 'colours',
  url: `${OURS}/ValueSet/colours`,
  version,
  status: 'active',
  compose: { include: [{ system: `${OURS}/CodeSystem/colours` }] },
})
const parameter = (code: string, more: object = {}) => ({
  resourceType: 'SearchParameter',
  id: `patient-${code}`,
  url: `${OURS}/SearchParameter/patient-${code}`,
  version: '1',
  name: code,
  status: 'active',
  description: code,
  code,
  base: ['Patient'],
  type: 'string',
  expression: 'Patient.contact.name.text',
  ...more,
})

const byUrl = async (type: string, url: string): Promise<Given[]> =>
  ((await server.expect(200, `GET ${type}?url=${encodeURIComponent(url)}&_sort=_id`)).json.entry ?? []).map(
    ({ resource }: { resource: Given }) => resource,
  )
const idsOf = async (type: string, url: string) => (await byUrl(type, url)).map(({ id }) => id)

const files = (version: string) => ({
  'StructureDefinition-child.json': profile(version),
  'ValueSet-colours.json': `\uFEFF${JSON.stringify(colours(version))}`,
})

describe('add', () => {
  it('stores what a package from the registry brings, tagged with its name', async () => {
    registry.add('example.guide', '1.0.0', files('1.0.0'), { title: 'A guide' })
    const { isDone, said } = await run('add', 'example.guide@1.0.0')
    expect([isDone, said]).toEqual([true, 'example.guide@1.0.0: 3 resources stored'])
    const [stored] = await byUrl('StructureDefinition', `${OURS}/StructureDefinition/child`)
    expect(stored).toMatchObject({ id: 'child', version: '1.0.0', differential: profile('1.0.0').differential })
    const tagged = await server.expect(200, 'GET ValueSet?_tag=https://ingle.example/package|example.guide@1.0.0')
    expect(tagged.json.total ?? tagged.json.entry.length).toBe(1)
    const guides = await server.expect(200, 'GET ImplementationGuide?_tag=https://ingle.example/package|')
    expect(guides.json.entry[0].resource).toMatchObject({
      packageId: 'example.guide',
      version: '1.0.0',
      title: 'A guide',
    })
    expect((await run('list')).said).toBe('example.guide@1.0.0  A guide')
  })

  it('is done once: what is there stays as it is', async () => {
    registry.add('example.guide', '1.0.0', files('1.0.0'))
    await run('add', 'example.guide@1.0.0')
    const before = await byUrl('ValueSet', `${OURS}/ValueSet/colours`)
    const again = await run('add', 'example.guide@1.0.0')
    expect([again.isDone, again.said]).toEqual([true, 'example.guide@1.0.0: there already'])
    expect(await byUrl('ValueSet', `${OURS}/ValueSet/colours`)).toEqual(before)
  })

  it.each([
    ['example.guide', '2.0.0'],
    ['example.guide@latest', '2.0.0'],
    ['example.guide#1.0.0', '1.0.0'],
    ['example.guide@1.x', '1.1.0'],
  ])('%s is version %s', async (asked, version) => {
    for (const one of ['1.0.0', '1.1.0', '1.2.0-ballot', '2.0.0']) registry.add('example.guide', one, {})
    expect((await run('add', asked)).said).toContain(`example.guide@${version}:`)
  })

  it('has several versions stand side by side', async () => {
    registry.add('example.guide', '1.0.0', files('1.0.0')).add('example.guide', '2.0.0', files('2.0.0'))
    await run('add', 'example.guide@1.0.0', 'example.guide@2.0.0')
    expect(await idsOf('StructureDefinition', `${OURS}/StructureDefinition/child`)).toEqual(['child', 'child-2.0.0'])
    expect((await run('list')).said).toMatch(/example\.guide@1\.0\.0.*\n.*example\.guide@2\.0\.0/)
    await run('remove', 'example.guide@1.0.0')
    expect(await idsOf('ValueSet', `${OURS}/ValueSet/colours`)).toEqual(['colours-2.0.0'])
  })

  it('overwrites nothing of anybody else', async () => {
    const theirs = { ...colours('9'), id: 'colours', url: `${OURS}/ValueSet/theirs` }
    await server.expect(201, 'PUT ValueSet/colours', { body: theirs })
    registry.add('example.guide', '1.0.0', files('1.0.0'))
    expect((await run('add', 'example.guide@1.0.0')).isDone).toBe(true)
    expect(await idsOf('ValueSet', `${OURS}/ValueSet/theirs`)).toEqual(['colours'])
    expect(await idsOf('ValueSet', `${OURS}/ValueSet/colours`)).toEqual(['colours-1.0.0'])
    await run('remove', 'example.guide@1.0.0')
    expect(await idsOf('ValueSet', `${OURS}/ValueSet/theirs`)).toEqual(['colours'])
    await server.expect(204, 'DELETE ValueSet/colours')
  })

  it('leaves out what is no definition, and says so', async () => {
    registry.add('example.guide', '1.0.0', {
      'Patient-1.json': { resourceType: 'Patient', id: '1' },
      'example/Patient-2.json': { resourceType: 'Patient', id: '2' },
      'openapi/guide.openapi.json': '\uFEFF{"openapi":"3.0"}',
      'xml/guide.sch': '<schema/>',
      'other/spec.internals': '{}',
      'notes.txt': 'hello',
      '.index.json': { files: [] },
      'broken.json': '{',
      'ValueSet-colours.json': colours('1'),
      'ValueSet-colours-again.json': colours('1'),
      [`ValueSet-${'x'.repeat(120)}.json`]: { ...colours('1'), id: 'long', url: `${OURS}/ValueSet/long` },
    })
    const { said } = await run('add', 'example.guide@1.0.0')
    expect(said).toContain('3 resources stored')
    for (const part of [
      '1 in folder example',
      '1 in folder openapi',
      '1 in folder xml',
      '1 in folder other',
      '1 not JSON',
      '1 not a resource',
      '1 of type Patient',
      '1 there a second time',
    ])
      expect(said).toContain(part)
    expect(await server.count('Patient')).toBe(0)
  })

  it('makes its search parameters searchable, and says which cannot be had', async () => {
    await server.expect(201, 'PUT Patient/a', {
      body: { resourceType: 'Patient', id: 'a', contact: [{ name: { text: 'Ada' } }] },
    })
    registry.add('example.guide', '1.0.0', {
      'SearchParameter-a.json': parameter('contact-name'),
      'SearchParameter-b.json': parameter('gender', { expression: 'Patient.contact.gender' }),
    })
    const { isDone, said } = await run('add', 'example.guide@1.0.0')
    expect(isDone).toBe(true)
    expect(said).toMatch(/1 left out, for they cannot be searched by here:\n {4}SearchParameter-b\.json: .*gender/)
    const job = /job=(\S+)/.exec(said)![1]
    await expect
      .poll(async () => (await server.ask(`GET $reindex-status?job=${job}`)).text, { timeout: 10_000 })
      .toContain('"completed"')
    const found = await server.expect(200, 'GET Patient?contact-name=ada')
    expect(found.json.entry).toHaveLength(1)
    await server.expect(204, 'DELETE Patient/a')
  })

  it('goes on where it was interrupted', async () => {
    registry.add('example.guide', '1.0.0', files('1.0.0'))
    let posts = 0
    const cut: Target = {
      ask: (method, path, body) =>
        method === 'POST' && ++posts === 2 ? Promise.reject(new Error('cut')) : target.ask(method, path, body),
    }
    await expect(run('add', 'example.guide@1.0.0', cut)).rejects.toThrow('cut')
    expect((await run('list')).said).toMatch(/no packages/)
    const { said } = await run('add', 'example.guide@1.0.0')
    expect(said).toBe('example.guide@1.0.0: 1 resources stored, 2 there already')
    expect(await idsOf('ValueSet', `${OURS}/ValueSet/colours`)).toEqual(['colours'])
  })

  it('stores what it can when some is refused, and tries that again', async () => {
    registry.add('example.guide', '1.0.0', {
      ...files('1.0.0'),
      'CodeSystem-bad.json': { resourceType: 'CodeSystem', id: 'bad', colour: 'red' },
    })
    const { isDone, said } = await run('add', 'example.guide@1.0.0')
    expect(isDone).toBe(false)
    expect(said).toMatch(
      /3 resources stored\n {2}1 refused; the same command tries them again:\n {4}CodeSystem-bad\.json: .*colour/,
    )
    expect((await run('list')).said).toContain('example.guide@1.0.0  (not complete: add it again)')
    expect((await run('add', 'example.guide@1.0.0')).said).toMatch(/1 resources stored, 2 there already/)
  })
})

describe('dependencies', () => {
  it('are loaded before what needs them; R4 and HL7 Terminology are there', async () => {
    registry.add('example.base', '1.0.0', { 'ValueSet-colours.json': colours('1') })
    registry.add(
      'example.guide',
      '1.0.0',
      { 'StructureDefinition-child.json': profile('1') },
      {
        dependencies: { 'hl7.fhir.r4.core': '4.0.1', 'hl7.terminology.r4': '5.0.0', 'example.base': '1.0.x' },
      },
    )
    const { isDone, said } = await run('add', 'example.guide@1.0.0')
    expect([isDone, said.split('\n')]).toEqual([
      true,
      [
        'hl7.fhir.r4.core@4.0.1: comes with the server',
        'hl7.terminology.r4@5.0.0: comes with the server',
        'example.base@1.0.0: 2 resources stored',
        'example.guide@1.0.0: 2 resources stored',
      ],
    ])
    expect((await run('remove', 'example.base@1.0.0')).said).toContain('is needed by')
  })

  it('that cannot be had are said, and the rest is loaded', async () => {
    registry.add('example.future', '1.0.0', {}, { fhirVersions: ['5.0.0'] })
    const dependencies = { 'example.none': '1.0.0', 'example.future': '1.0.0' }
    registry.add('example.guide', '1.0.0', files('1.0.0'), { dependencies })
    const { isDone, said, complaints } = await run('add', 'example.guide@1.0.0')
    expect(isDone).toBe(false)
    expect(said).toContain('example.guide@1.0.0: 3 resources stored')
    expect(complaints).toMatch(/example\.none@1\.0\.0, which example\.guide@1\.0\.0 needs: .*does not have it/)
    expect(complaints).toMatch(/example\.future@1\.0\.0, which .*is for FHIR 5\.0\.0/)
    expect((await server.ask('GET metadata')).status).toBe(200)

    const without = await run('add', 'example.guide@1.0.0', '--no-dependencies')
    expect([without.isDone, without.complaints]).toEqual([true, ''])
  })

  it('may go round in a circle', async () => {
    registry.add('example.base', '1.0.0', {}, { dependencies: { 'example.guide': '1.0.0' } })
    registry.add('example.guide', '1.0.0', {}, { dependencies: { 'example.base': '1.0.0' } })
    expect((await run('add', 'example.guide@1.0.0')).isDone).toBe(true)
  })
})

describe('a package from this machine', () => {
  it('is a .tgz or a folder', async () => {
    const path = join(folder, 'guide.tgz')
    writeFileSync(path, archiveOf({ 'package.json': { name: 'example.guide', version: '1.0.0' }, ...files('1.0.0') }))
    expect((await run('add', path)).said).toContain('3 resources stored')
    const place = join(folder, 'other')
    mkdirSync(place)
    writeFileSync(join(place, 'package.json'), '{"name":"example.other","version":"1.0.0"}')
    writeFileSync(
      join(place, 'ValueSet-x.json'),
      JSON.stringify({ ...colours('1'), id: 'x', url: `${OURS}/ValueSet/x` }),
    )
    expect((await run('add', place)).said).toContain('example.other@1.0.0: 2 resources stored')
    // a folder that is being worked on: another content is stored under the same ids
    writeFileSync(
      join(place, 'ValueSet-x.json'),
      JSON.stringify({ ...colours('2'), id: 'x', url: `${OURS}/ValueSet/x` }),
    )
    rmSync(join(folder, 'packages.lock.json'))
    expect((await run('add', place)).isDone).toBe(true)
    expect(await byUrl('ValueSet', `${OURS}/ValueSet/x`)).toMatchObject([{ version: '1' }, { version: '2' }])
    expect(JSON.parse(readFileSync(join(folder, 'packages.json'), 'utf8')).packages).toEqual(['./guide.tgz', './other'])
  })

  it.each([
    ['./none.tgz', undefined, /does not exist/],
    ['./text.tgz', 'hello', /is no package/],
    ['./empty.tgz', archiveOf({}), /has no package\.json/],
    ['./nameless.tgz', archiveOf({ 'package.json': {} }), /has no name and version/],
    ['./cut.tgz', archiveOf({ 'a.json': '{}'.padEnd(5000) }).subarray(0, 60), /is no package/],
    [
      './r5.tgz',
      archiveOf({ 'package.json': { name: 'a', version: '1', fhirVersions: ['5.0.0'] } }),
      /is for FHIR 5\.0\.0/,
    ],
    [
      './sly.tgz',
      archiveOf({ 'package.json': { name: '../../etc', version: '1' } }),
      /name or version in its package\.json is none/,
    ],
  ])('%s is refused', async (name, content, reason) => {
    const path = join(folder, name)
    if (content !== undefined) writeFileSync(path, content)
    await expect(run('add', path)).rejects.toThrow(reason)
  })
})

describe('the registry', () => {
  it.each([
    ['example.none@1.0.0', /example\.none cannot be had: the registry .* does not have it/],
    ['example.guide@7.0.0', /example\.guide@7\.0\.0 is not in the registry .*; there are 1\.0\.0/],
  ])('that does not have %s', async (asked, reason) => {
    registry.add('example.guide', '1.0.0', {})
    await expect(run('add', asked)).rejects.toThrow(reason)
  })

  it('that does not answer', async () => {
    await registry.stop()
    await expect(run('add', 'example.guide@1.0.0')).rejects.toThrow(/the registry .* does not answer \(ECONNREFUSED\)/)
    registry = await new FakeRegistry().start()
  })

  it('whose archive is not the one that it lists', async () => {
    registry.add('example.guide', '1.0.0', files('1.0.0')).tampered.add('example.guide@1.0.0')
    await expect(run('add', 'example.guide@1.0.0')).rejects.toThrow(/is not what the registry lists/)
    expect(existsSync(join(folder, 'archives', 'example.guide@1.0.0.tgz'))).toBe(false)
  })

  it('is asked once for what is kept on this machine', async () => {
    registry.add('example.guide', '1.0.0', files('1.0.0'))
    await run('add', 'example.guide@1.0.0')
    await run('remove', 'example.guide@1.0.0')
    const before = registry.asked.length
    expect((await run('add', 'example.guide@1.0.0')).said).toContain('3 resources stored')
    expect(registry.asked.length).toBe(before)
  })
})

describe('the list of packages', () => {
  it('has what was added, locked with its hash, and not what was removed', async () => {
    registry.add('example.base', '1.0.0', {})
    registry.add('example.guide', '1.0.0', {}, { dependencies: { 'example.base': '1.0.0' } })
    await run('add', 'example.guide')
    const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')).packages
    expect(read('packages.json')).toEqual(['example.guide@1.0.0'])
    expect(read('packages.lock.json')).toEqual({
      'example.base@1.0.0': {
        from: `${registry.url}/example.base/1.0.0`,
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
      'example.guide@1.0.0': { from: `${registry.url}/example.guide/1.0.0`, sha256: expect.any(String) },
    })
    await run('remove', 'example.guide@1.0.0')
    expect(read('packages.json')).toEqual([])
    expect(Object.keys(read('packages.lock.json'))).toEqual(['example.base@1.0.0'])
  })

  it('is what sync loads, and what list misses', async () => {
    registry.add('example.guide', '1.0.0', files('1.0.0'))
    writeFileSync(join(folder, 'packages.json'), '{"packages":["example.guide@1.0.0"]}')
    expect((await run('list')).said).toMatch(/example\.guide@1\.0\.0 {2}\(listed in .*, not loaded/)
    expect((await run('sync')).said).toContain('3 resources stored')
    expect((await run('sync')).said).toContain('there already')
  })

  it('refuses another content than was locked', async () => {
    registry.add('example.guide', '1.0.0', files('1.0.0'))
    await run('add', 'example.guide@1.0.0')
    await run('remove', 'example.guide@1.0.0', '--no-save')
    rmSync(join(folder, 'archives'), { recursive: true })
    registry.add('example.guide', '1.0.0', files('1.0.1'))
    await expect(run('add', 'example.guide@1.0.0')).rejects.toThrow(
      /has another content than .*packages\.lock\.json says/,
    )
  })

  it.each(['{', '[]', '{"packages":{"a":"1"}}', '{"packages":[1]}'])('that is %s is refused', async (text) => {
    writeFileSync(join(folder, 'packages.json'), text)
    await expect(run('sync')).rejects.toThrow(/packages\.json (is not JSON|should be)/)
  })
})

describe('a server that starts', () => {
  it('loads what is listed while it serves, and runs without what cannot be had', async () => {
    registry.add('example.guide', '1.0.0', files('1.0.0'))
    const list = join(folder, 'packages.json')
    writeFileSync(list, '{"packages":["example.none@1.0.0","example.guide@1.0.0"]}')
    const settings = { INGLE_PACKAGES: list, INGLE_PACKAGE_REGISTRY: registry.url, INGLE_DATA_DIR: folder }
    const fresh = await openServer(settings)
    try {
      await expect
        .poll(
          async () =>
            (await fresh.ask('GET ImplementationGuide?_tag=https://ingle.example/package|')).json.entry?.length,
        )
        .toBe(1)
      expect((await fresh.expect(200, 'GET StructureDefinition/child')).json.version).toBe('1.0.0')
    } finally {
      await fresh.stop()
    }
  })

  it('that is stopped meanwhile stops', async () => {
    registry.add('example.guide', '1.0.0', files('1.0.0'))
    const list = join(folder, 'packages.json')
    writeFileSync(list, '{"packages":["example.guide@1.0.0"]}')
    const fresh = await openServer({
      INGLE_PACKAGES: list,
      INGLE_PACKAGE_REGISTRY: registry.url,
      INGLE_DATA_DIR: folder,
    })
    await fresh.stop()
  })
})

describe('the command line', () => {
  it.each([
    [[], /A command is missing; commands are add, list, remove, sync/],
    [['install', 'a@1'], /install is no command/],
    [['add'], /add what\? A PACKAGE is missing/],
    [['list', 'a@1'], /list takes no PACKAGE/],
    [['add', 'a b'], /a b is no package/],
    [['list', '--url', 'ftp://x'], /--url is not an http: URL/],
    [['list', '--registry', 'x'], /--registry is not an http/],
    [['list', '--nonsense'], /nonsense/],
  ])('%j is refused', (args, reason) => {
    expect(() => readOptions(readConfig({}), args)).toThrow(reason)
  })
})
