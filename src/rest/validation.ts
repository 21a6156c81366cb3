import { CannotStart } from '../base/cannot-start.js'
import type { Config } from '../base/config.js'
import type { Context } from '../base/context.js'
import { FhirError, Invalid, type Issue, Unprocessable } from '../base/errors.js'
import { type Library, overlay } from '../fhir/library.js'
import type { MembershipSource } from '../fhir/terminology.js'
import { ruleBook } from '../fhir/validation/business-rules.js'
import { validateStructure } from '../fhir/validation/structure.js'
import { type Asked, type ReferenceSource, type RuleBook, type Settings, validate } from '../fhir/validation.js'
import { linkOf } from '../search/links.js'
import { MissingReferences } from '../store/integrity.js'
import type { Store } from '../store/store.js'
import { areThere } from '../store/there.js'
import type { Resource } from '../store/write.js'
import type { Prefer } from './exchange.js'
import type { RuleFiles } from './rule-files.js'

/** What a check is to go by beside the settings. */
interface Wanted {
  /** Canonicals of profiles that it must meet beside those it declares itself. */
  profiles?: readonly string[]
  /**
   * What it is when what it refers to is not there; a write learns that with its rows (store/integrity.ts), so that for
   * one that is about to happen nobody asks.
   */
  missing?: 'error' | 'warning'
  /** As the standard judges them, whatever writes go by. */
  vitalSigns?: 'error'
  prefer?: Prefer
}

/** A resource that may be stored, and what there is to say of it all the same: warnings and less. */
export interface Checked {
  resource: Resource
  issues: readonly Issue[]
}

interface Asking {
  ctx: Context
  prefer?: Prefer
}

/** Whether resources are what FHIR, their profiles and our rules say they should be: one judge for all doors. */
export class Validation {
  private readonly books = new Map<number, RuleBook>()
  private readonly overlaid = new WeakMap<Library, Library>()

  constructor(
    private readonly config: Pick<
      Config,
      | 'validation'
      | 'validationDefinitions'
      | 'validationIssues'
      | 'validationPreferred'
      | 'validationVitalSigns'
      | 'validationDisplays'
      | 'validationBestPractice'
      | 'rulesOff'
    >,
    private readonly store: Store,
    /** of a tenant, as it is now */
    private readonly terminologyOf: (tenant: number) => MembershipSource,
    private readonly files: RuleFiles,
  ) {
    const ids = new Set(files.rules.map(({ id }) => id))
    const unknown = this.rulesOff.find((id) => !ids.has(id))
    if (unknown) throw new CannotStart(`INGLE_RULES_OFF names ${unknown}; rules are ${[...ids].join(', ')}`)
  }

  private get settings(): Partial<Settings> {
    const { config } = this
    return {
      mostIssues: config.validationIssues,
      preferred: config.validationPreferred,
      vitalSigns: config.validationVitalSigns,
      displays: config.validationDisplays,
      bestPractice: config.validationBestPractice,
    }
  }

  private get rulesOff(): readonly string[] {
    return this.config.rulesOff?.split(',') ?? []
  }

  /** All that is to be said of what was sent, in an order that is always the same. */
  async issuesOf(
    { tenant }: Context,
    resource: unknown,
    { profiles, missing, vitalSigns, prefer = {} }: Wanted,
  ): Promise<Issue[]> {
    const { store } = this
    const known = await store.libraries.of(tenant)
    const terminology = this.terminologyOf(tenant)
    const library = this.withRules(known)
    const rules = this.rulesOf(tenant)
    const mode = store.references.of((resource as Resource | null)?.resourceType ?? '')
    const settings = { ...this.settings, ...(vitalSigns && { vitalSigns }) }
    const asked: Asked = {
      mode: this.modeFor(prefer),
      library,
      terminology,
      rules,
      settings,
      ...(profiles && { profiles }),
    }
    // A warning is looked for when somebody will see it.
    const isShown = missing !== undefined || prefer.return === 'OperationOutcome'
    const severity = mode === 'warn' && isShown ? 'warning' : mode === 'enforce' ? missing : undefined
    if (!severity) return validate(resource, asked)
    const missingReference = () => severity
    return validate(resource, {
      ...asked,
      references: sourceOf(store, tenant),
      settings: { ...settings, missingReference },
    })
  }

  /**
   * What was sent, when it may be stored. Whether what it refers to is there is told by the write itself.
   * @throws Invalid        it is not FHIR: an element is unknown, or has another form than its type (400)
   * @throws Unprocessable  it is, but not by the rules of its type, its profiles, its codes or this server (422)
   * @see https://hl7.org/fhir/R4/http.html#create
   */
  async check({ ctx, prefer }: Asking, resource: unknown): Promise<Checked> {
    const issues = await this.issuesOf(ctx, resource, { prefer })
    if (!issues.some(isFault) || this.isTolerated(resource)) return { resource: resource as Resource, issues }
    // What it refers to would have been looked for by the write; a transaction alone knows what its entries come to.
    const isBundle = (resource as Resource | null)?.resourceType === 'Bundle'
    throw refusal(resource, isBundle ? issues : await this.issuesOf(ctx, resource, { prefer, missing: 'error' }))
  }

  /**
   * Writes what was checked. References to nothing are told with all else that there is to say.
   * @throws Unprocessable  it refers to what is not there (422)
   */
  async stored<T>({ ctx, prefer }: Asking, made: { resource?: Resource }, writing: Promise<T>): Promise<T> {
    try {
      return await writing
    } catch (cause) {
      if (!(cause instanceof MissingReferences) || !made.resource) throw cause
      const issues = await this.issuesOf(ctx, made.resource, { prefer, missing: 'error' })
      throw issues.some(isFault) ? refusal(made.resource, issues) : cause
    }
  }

  /** Definitions are written by degrees, and known to be wrong; what goes by them says so. */
  private isTolerated(resource: unknown): boolean {
    const isDefinition = definitional.has((resource as Resource | null)?.resourceType ?? '')
    if (this.config.validationDefinitions !== 'lenient' || !isDefinition) return false
    const isDefect = isUnreadable(resource)
    return !validateStructure(resource).some((issue) => isDefect(issue) && !mayBeMissing(resource as Resource, issue))
  }

  private rulesOf(tenant: number): RuleBook {
    let book = this.books.get(tenant)
    if (!book) {
      book = ruleBook(this.files.rules, tenant, new Set(this.rulesOff))
      this.books.set(tenant, book)
    }
    return book
  }

  /** The value sets that rules name are known, whoever else may not have them. */
  private withRules(library: Library): Library {
    let over = this.overlaid.get(library)
    if (!over) {
      over = overlay(library, this.files.valueSets)
      this.overlaid.set(library, over)
    }
    return over
  }

  private modeFor({ validation }: Prefer): Asked['mode'] {
    return this.config.validation === 'asked' ? (validation ?? 'full') : this.config.validation
  }
}

export const isFault = ({ severity }: Issue): boolean => severity === 'error' || severity === 'fatal'

/** Search goes by a SearchParameter from the moment it is stored. */
const mayBeMissing = ({ resourceType }: Resource, { code }: Issue): boolean =>
  code === 'required' && resourceType !== 'SearchParameter'

/** What others are held against; nothing here acts by them as it stores them, but by what a SearchParameter must have. */
const definitional: ReadonlySet<string> = new Set([
  'ActivityDefinition',
  'CapabilityStatement',
  'CodeSystem',
  'CompartmentDefinition',
  'ConceptMap',
  'GraphDefinition',
  'ImplementationGuide',
  'Library',
  'Measure',
  'MessageDefinition',
  'NamingSystem',
  'OperationDefinition',
  'PlanDefinition',
  'Questionnaire',
  'SearchParameter',
  'StructureDefinition',
  'StructureMap',
  'ValueSet',
])

/**
 * A code that its value set does not have, and what a narrative must not have, are matters of rules; all else that a
 * bare look finds is no FHIR.
 */
const isUnreadable =
  (resource: unknown) =>
  (issue: Issue): boolean =>
    isFault(issue) && issue.code !== 'code-invalid' && !isNarrative(resource, issue.expression?.[0] ?? '')

function isNarrative(resource: unknown, expression: string): boolean {
  if (!expression.endsWith('.text.div')) return false
  const [, ...names] = expression.replaceAll(/\[(\d+)\]/g, '.$1').split('.')
  const div = names.reduce<unknown>((node, name) => (node as Record<string, unknown> | undefined)?.[name], resource)
  return typeof div === 'string' && div.startsWith('<')
}

function refusal(resource: unknown, issues: readonly Issue[]): FhirError {
  const kind = validateStructure(resource).some(isUnreadable(resource)) ? Invalid : Unprocessable
  return FhirError.ofIssues.call(kind, faultsFirst(issues))
}

/** The first names the error. */
const faultsFirst = (issues: readonly Issue[]): Issue[] => [
  ...issues.filter(isFault),
  ...issues.filter((one) => !isFault(one)),
]

/** Where the validator looks up whether what is referred to is there. */
const sourceOf = (store: Store, tenant: number): ReferenceSource => ({
  exist: (references) =>
    areThere(
      store.session,
      tenant,
      references.map((one) => linkOf(tenant, one)),
    ),
})
