import type { Element, ParametersParameter, Resource as R4 } from '@medplum/fhirtypes'
import type { Context } from '../base/context.js'
import type { Decimal } from '../fhir/json.js'
import type { Pair } from '../search/query.js'
import type { Resource } from '../store/write.js'
import type { Core } from './core.js'
import type { Answer, Exchange } from './exchange.js'
import type { Letter } from './letter.js'

/** What a parameter of each type arrives as. */
export type ParamTypes = {
  [T in R4 as T['resourceType']]: T
} & {
  boolean: boolean
  integer: number
  positiveInt: number
  unsignedInt: number
  decimal: Decimal
} & Record<
    | 'base64Binary'
    | 'canonical'
    | 'code'
    | 'date'
    | 'dateTime'
    | 'id'
    | 'instant'
    | 'markdown'
    | 'string'
    | 'uri'
    | 'url'
    | 'uuid',
    string
  > & {
    Coding: { system?: string; version?: string; code?: string; display?: string }
    CodeableConcept: { coding?: ParamTypes['Coding'][]; text?: string }
    Identifier: { system?: string; value?: string }
    Meta: Record<string, unknown>
    Period: { start?: string; end?: string }
    Quantity: Record<string, unknown>
    Reference: { reference?: string; type?: string; identifier?: ParamTypes['Identifier'] }
    /** A resource of any type, as it was sent: only what `validateStructure` says of it is known. */
    Resource: Resource
    /** Of SQL on FHIR, which R4 does not know. */
    ViewDefinition: Resource
    /** `value[x]` of any type: the parameter as it was sent. */
    Element: ParametersParameter & Element
    /** A parameter that has parts. */
    part: ParametersParameter[]
  }

/** Cardinality and type, as the tables of the specification have them: `0..* code` */
export type Spec = `${'0..1' | '1..1' | '0..*' | '1..*'} ${keyof ParamTypes & string}`
export type Specs = Readonly<Record<string, Spec>>

type Value<S> = S extends `${string}..* ${infer T extends keyof ParamTypes & string}`
  ? ParamTypes[T][]
  : S extends `${string}..1 ${infer T extends keyof ParamTypes & string}`
    ? ParamTypes[T]
    : never

/** Parameters by name: those that may be absent are optional, those that repeat are arrays. */
export type Values<P extends Specs> = {
  -readonly [K in keyof P as P[K] extends `0..1 ${string}` ? never : K]: Value<P[K]>
} & {
  -readonly [K in keyof P as P[K] extends `0..1 ${string}` ? K : never]?: Value<P[K]>
}

export type Level = 'system' | 'type' | 'instance'

/** One call of an operation. */
export interface Call<In extends Specs> {
  core: Core
  ctx: Context
  exchange: Exchange
  /** Of the URL, at type and instance level. */
  type?: string
  /** Of the URL, at instance level. */
  id?: string
  params: Values<In>
  /** What was sent beside them, for an operation that takes a search. */
  search: readonly Pair[]
}

/** An operation as it is declared: the route, the parser, the scopes and the OperationDefinition follow from it. */
export interface Declaration<In extends Specs, Out extends Specs> {
  /** Without `$`: `everything` */
  code: string
  /** HL7's OperationDefinition, when there is one; what we define ourselves has its URL on this server. */
  definition?: string
  title: string
  description: string
  /** The types it can be called on, `*` for each of them; and at which levels. */
  on: { resource?: readonly string[] | '*'; levels: readonly Level[] }
  /** It changes something, so GET is not offered. https://hl7.org/fhir/R4/operations.html#http */
  affectsState: boolean
  /** What a SMART scope must allow: letters, on the type of the URL or on all; none for what shows no data. */
  needs: { letters: readonly Letter[]; of: 'type' | 'all' }
  /** Media types that a POST may have instead of FHIR's; then `in` is read from the query alone. */
  accepts?: readonly string[]
  /** It reads the body itself, as it was sent, XML too; `in` is what Parameters may hold, and is read from the query. */
  readsBody?: boolean
  /** Clients compare its refusals word by word: they have nothing of this server's own, such as the request's id. */
  bareOutcomes?: boolean
  /** It answers in formats of its own, and looks at `accept` and `format` of the exchange itself. */
  negotiates?: boolean
  /** It answers `Prefer: respond-async` in a way of its own. */
  ownAsync?: boolean
  /** It takes search parameters of the type beside its own. */
  takesSearch?: boolean
  in: In
  out: Out
  /** What the parameters are for, by name; `in` before `out` where both have one. */
  about?: Readonly<Record<string, string>>
  /** @returns the values of `out`, or what is answered instead */
  handle(call: Call<In>): Promise<Values<Out> | Direct>
}

/** An answer that is made otherwise than from the values of `out`: stored text, a stream, rows as CSV. */
export class Direct {
  constructor(readonly answer: Answer) {}
}

/** Any operation, its parameters' types forgotten. */
export interface Operation extends Omit<Declaration<Specs, Specs>, 'handle'> {
  handle(call: Omit<Call<Specs>, 'params'> & { params: AnyValues }): Promise<AnyValues | Direct>
}
type AnyValues = Record<string, unknown>

/** Declares an operation; that it is offered takes naming it in a list of `features.ts`. */
export function operation<const In extends Specs, const Out extends Specs>(
  declaration: Declaration<In, Out>,
): Operation {
  // A handler is only ever called with what was read by its own `in`.
  return declaration as unknown as Operation
}
