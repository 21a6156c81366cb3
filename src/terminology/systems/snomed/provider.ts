import type { CodeSystem } from '@medplum/fhirtypes'
import { Unprocessable } from '../../../base/errors.js'
import type { CodeSystemProvider, Concept, ConceptProperty } from '../../provider.js'
import { Recent } from '../../stored/recent.js'
import type { Row } from '../../stored/rows.js'
import type { StoredCodeSystem } from '../../stored/stored.js'
import { endless } from '../computed/grammar.js'
import { allows } from './ecl/allows.js'
import { Evaluation, satisfying } from './ecl/evaluate.js'
import { parseEcl } from './ecl/parse.js'
import { isExpression, NoExpression } from './expression/parse.js'
import { conceptOf, type Resolved, resolve } from './expression/resolved.js'
import { isAbove } from './expression/subsumes.js'
import { id } from './ids.js'
import { normalForm } from './normal-form.js'
import { Relationships } from './relationships.js'
import { type Allowed, everyExpression, type Listed, noExpression, SnomedSelection } from './selection.js'

const NOT_CHECKED =
  'The expression is grammatically correct and the concepts are valid, but the expression has not been checked against the SNOMED CT concept model (MRCM)'

const MOST_EXPRESSIONS = 1000

/** One version of SNOMED CT: its tables, and the expressions that can be made of its concepts. */
export class SnomedCodeSystem implements CodeSystemProvider {
  readonly url: string
  readonly version: string
  readonly content: CodeSystem['content']
  readonly caseSensitive = true
  readonly header: CodeSystem
  readonly edition: string | undefined
  readonly relationships: Relationships
  private readonly read = new Recent<Resolved>(8 * MOST_EXPRESSIONS)

  constructor(readonly tables: StoredCodeSystem) {
    const { url, version, content, header, edition, database, loaded, size } = tables
    this.url = url
    this.version = version
    this.content = content
    this.header = header
    this.edition = edition
    this.relationships = new Relationships(database, loaded.id, size)
  }

  async locate(codes: readonly string[]): Promise<ReadonlyMap<string, Concept>> {
    const found = await this.tables.locate(codes)
    const candidates = codes.filter(isExpression)
    if (candidates.length === 0) return found
    const all = new Map(found)
    for (const code of candidates) {
      const resolved = await this.expression(code)
      if (resolved) all.set(code, conceptFor(code, resolved))
    }
    return all
  }

  all(): SnomedSelection {
    return new SnomedSelection(this.tables.all(), { ...everyExpression, unclosed: endless(this.url) }, this)
  }

  of(codes: readonly string[]): SnomedSelection {
    const candidates = codes.filter(isExpression)
    return new SnomedSelection(this.tables.of(codes), candidates.length ? this.list(candidates) : noExpression, this)
  }

  async filter(property: string, op: string, value: string): Promise<SnomedSelection | undefined> {
    if (property === 'constraint') return op === '=' ? this.satisfying(value) : undefined
    if (property === 'expressions') return op === '=' ? this.expressions(value) : undefined
    if (property === 'concept' && op === 'in') {
      const members = await this.tables.rows.withValue('refset', [value])
      if (!members.isEmpty) return new SnomedSelection(this.tables.select(members), noExpression, this)
    }
    if (/^\d+$/.test(property) && op === '=')
      return new SnomedSelection(
        this.tables.select(await this.tables.rows.withValue(property, [value])),
        noExpression,
        this,
      )
    // They are made when somebody looks at a concept: nothing can be found by them.
    if (property.startsWith('normalForm')) return undefined
    const found = await this.tables.filter(property === 'moduleId' ? 'module' : property, op, value)
    if (!found) return undefined
    const isBelow = property === 'concept' && (op === 'is-a' || op === 'descendent-of')
    return new SnomedSelection(
      found,
      isBelow ? this.constrained(`${op === 'is-a' ? '<<' : '<'} ${value}`) : noExpression,
      this,
    )
  }

  async subsumes(a: string, b: string): Promise<'equivalent' | 'subsumes' | 'subsumed-by' | 'not-subsumed'> {
    if (!isExpression(a) && !isExpression(b)) return this.tables.subsumes(a, b)
    const [one, other] = await Promise.all([this.expression(a), this.expression(b)])
    if (!one || !other) return 'not-subsumed'
    if (one.normal === other.normal) return 'equivalent'
    if (await isAbove(one, other, this.relationships)) return 'subsumes'
    return (await isAbove(other, one, this.relationships)) ? 'subsumed-by' : 'not-subsumed'
  }

  async shown(concept: Concept, names: readonly string[]): Promise<Concept> {
    const { rows } = this.tables
    const whose = isExpression(concept.code)
      ? (await this.expression(concept.code))!.expression.focus[0]!
      : concept.code
    const focus = (await rows.withKeys([whose])).get(whose)!
    const own = [...concept.properties, ...(await this.asked(focus, names))]
    const codes = own.flatMap(({ code, type, value }) => [code, ...(type === 'code' ? [value as string] : [])])
    const named = await rows.names(focus.children.slice(0, Infinity), [
      ...new Set([...codes.filter((code) => /^\d+$/.test(code)), ...focus.parents]),
    ])
    const displays = new Map(named.map(({ key, display }) => [key, display ?? undefined]))
    const neighbour = (code: string) => (value: string) =>
      ({ code, type: 'code', value, description: displays.get(value) }) as const
    const children = named.filter(({ ordinal }) => focus.children.has(ordinal)).map(({ code }) => code)
    const properties = [
      ...focus.parents.map(neighbour('parent')),
      ...children.map(neighbour('child')),
      ...own.map((property) => ({
        ...property,
        ...(displays.has(property.code) && { display: displays.get(property.code) }),
        ...(property.type === 'code' && { description: displays.get(property.value as string) }),
      })),
    ]
    return { ...concept, properties }
  }

  async fault(code: string): Promise<string | undefined> {
    if (!isExpression(code)) return undefined
    try {
      await this.resolved(code)
      return undefined
    } catch (cause) {
      if (cause instanceof NoExpression) return `Not a valid expression: ${cause.message}`
      throw cause
    }
  }

  async expression(code: string): Promise<Resolved | undefined> {
    try {
      return await this.resolved(code)
    } catch (cause) {
      if (cause instanceof NoExpression) return undefined
      throw cause
    }
  }

  /** @throws InvalidEcl (422) */
  private async satisfying(ecl: string): Promise<SnomedSelection> {
    const found = await satisfying(ecl, this.tables, this.relationships)
    return new SnomedSelection(this.tables.select(found), this.constrained(ecl), this)
  }

  private constrained(ecl: string): Allowed {
    const evaluation = new Evaluation(ecl, this.tables, this.relationships)
    return { ...everyExpression, allows: async (resolved) => allows(parseEcl(ecl), resolved, evaluation) }
  }

  private expressions(value: string): SnomedSelection {
    if (value !== 'true' && value !== 'false')
      throw new Unprocessable(`The filter expressions has the value true or false, not ${value}`)
    return new SnomedSelection(this.tables.all(), value === 'true' ? everyExpression : noExpression, this)
  }

  private list(codes: readonly string[]): Allowed {
    const listed = async () => {
      const found: Listed[] = []
      for (const code of codes) {
        const resolved = await this.expression(code)
        if (resolved) found.push({ resolved, concept: conceptFor(code, resolved) })
      }
      return found
    }
    const allows = async ({ normal }: Resolved) => (await listed()).some(({ resolved }) => resolved.normal === normal)
    return { allows, listed }
  }

  private async resolved(code: string): Promise<Resolved> {
    const known = this.read.get(code)
    if (known) return known
    const found = await resolve(code, (ids) => this.tables.rows.withKeys(ids))
    this.read.set(code, found, 1)
    return found
  }

  /** Properties that are made for who names them. */
  private async asked(focus: Row, names: readonly string[]): Promise<ConceptProperty[]> {
    const { rows } = this.tables
    const found: ConceptProperty[] = []
    const wants = (name: string) => names.includes(name) || names.includes('*')
    const isDefined = async () =>
      (await rows.withValue('definitionStatus', [id.sufficientlyDefined])).has(focus.ordinal)
    if (wants('sufficientlyDefined'))
      found.push({ code: 'sufficientlyDefined', type: 'boolean', value: String(await isDefined()) })
    const module = focus.properties.find(({ code }) => code === 'module')
    if (wants('moduleId') && module) found.push({ ...module, code: 'moduleId' })
    for (const name of ['normalForm', 'normalFormTerse'])
      if (wants(name)) {
        const value = await normalForm(focus, await isDefined(), name === 'normalForm', this.tables, this.relationships)
        found.push({ code: name, type: 'string', value })
      }
    return found
  }
}

/** An expression as a concept: with the properties of what it refines, and its own. */
function conceptFor(code: string, { expression, concepts, display }: Resolved): Concept {
  const focus = concepts.get(expression.focus[0]!)!
  const own = expression.groups.flat().map(({ name, value }): ConceptProperty => {
    const concept = conceptOf(value)
    return concept === undefined
      ? { code: name, type: 'string', value: value.kind === 'concrete' ? value.value : '' }
      : { code: name, type: 'code', value: concept }
  })
  const named = new Set(own.map(({ code }) => code))
  return {
    code,
    display,
    inactive: [...concepts.values()].some(({ inactive }) => inactive),
    abstract: false,
    designations: [{ language: 'en-US', value: display }],
    properties: [...focus.properties.filter((one) => !named.has(one.code)), ...own],
    parents: focus.parents,
    note: NOT_CHECKED,
  }
}
