import { Unprocessable } from '../base/errors.js'
import { sql } from '../db/sql.js'
import { isResourceType, typeDefinition } from '../fhir/definitions.js'
import { type Decimal, decimalText, isDecimal, stringifyJson } from '../fhir/json.js'
import { primitives } from '../fhir/validation/primitives.js'
import { boolean, type Collection, number, text } from './collection.js'
import { familyOf } from './types.js'

/** A ViewDefinition as far as running it goes. https://sql-on-fhir.org/ig/StructureDefinition/ViewDefinition */
export interface View {
  readonly resource: string
  readonly constants: ReadonlyMap<string, Collection>
  readonly where: readonly Path[]
  readonly select: readonly Select[]
}

/** An expression, and where in the view it stands. */
export interface Path {
  readonly path: string
  /** `ViewDefinition.select[0].column[1].path` */
  readonly at: string
}

export interface Column extends Path {
  readonly name: string
  readonly type?: string
  readonly collection: boolean
}

export interface Select {
  readonly at: string
  readonly column: readonly Column[]
  readonly select: readonly Select[]
  readonly unionAll: readonly Select[]
  /** What there is a row for each of; with `orNull`, one row of nulls when there is none. */
  readonly each?: Path & { readonly orNull: boolean }
  readonly repeat?: readonly Path[]
}

type Json = Record<string, unknown>

/** PostgreSQL's own limit is 1,664. */
const MOST_COLUMNS = 1000
const DEEPEST = 32
/** Characters of all expressions together. */
const LONGEST = 200_000

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,254}$/

/**
 * A ViewDefinition as JSON, checked: what it says beside (name, title, description …) is not looked at.
 * @throws Unprocessable  names the element at fault (422)
 */
export function readView(json: Json): View {
  const reader = new Reader()
  const at = 'ViewDefinition'
  const resource = reader.text(json, 'resource', at)
  if (!resource || !isResourceType(resource))
    throw wrong(`resource is ${shown(json.resource)}; it is a resource type of FHIR R4`, `${at}.resource`)
  const versions = json.fhirVersion
  if (Array.isArray(versions) && versions.length > 0 && !versions.some((one) => /^4\.0(\.|$)/.test(String(one))))
    throw wrong(`fhirVersion is ${shown(versions)}; this server has FHIR 4.0.1`, `${at}.fhirVersion`)
  const constants = new Map<string, Collection>()
  for (const [constant, place] of reader.list(json, 'constant', at)) {
    const name = reader.name(constant, place)
    if (constants.has(name)) throw wrong(`The constant ${name} is there twice`, `${place}.name`)
    constants.set(name, constantOf(constant, place))
  }
  const where = reader.list(json, 'where', at).map(([one, place]) => reader.path(one, 'path', place))
  const select = reader.list(json, 'select', at).map(([one, place]) => reader.select(one, place, 1))
  if (select.length === 0) throw wrong('A view has at least one select', `${at}.select`)
  return { resource, constants, where, select }
}

class Reader {
  private columns = 0
  private length = 0

  select(json: Json, at: string, depth: number): Select {
    if (depth > DEEPEST) throw wrong(`select is nested more than ${DEEPEST} levels deep`, at)
    only(json, at, ['column', 'select', 'unionAll', 'forEach', 'forEachOrNull', 'repeat'])
    const loops = ['forEach', 'forEachOrNull', 'repeat'].filter((name) => json[name] !== undefined)
    if (loops.length > 1)
      throw wrong(`A select has one of forEach, forEachOrNull and repeat, not ${loops.join(' and ')}`, at)
    const further = (name: string) =>
      this.list(json, name, at).map(([one, place]) => this.select(one, place, depth + 1))
    const [loop] = loops
    return {
      at,
      column: this.list(json, 'column', at).map(([one, place]) => this.column(one, place)),
      select: further('select'),
      unionAll: further('unionAll'),
      ...(loop === 'repeat' && { repeat: this.repeat(json.repeat, `${at}.repeat`) }),
      ...(loop && loop !== 'repeat' && { each: { ...this.path(json, loop, at), orNull: loop === 'forEachOrNull' } }),
    }
  }

  private repeat(paths: unknown, at: string): Path[] {
    if (!Array.isArray(paths) || paths.length === 0) throw wrong('repeat is a list of one or more expressions', at)
    return paths.map((_, i) => this.path(paths as unknown as Json, String(i), at, `${at}[${i}]`))
  }

  private column(json: Json, at: string): Column {
    // The guide itself writes tags in its examples.
    only(json, at, ['path', 'name', 'description', 'collection', 'type', 'tag', 'tags'])
    if (++this.columns > MOST_COLUMNS) throw wrong(`A view has at most ${MOST_COLUMNS} columns`, at)
    const { collection, type } = json
    if (collection !== undefined && typeof collection !== 'boolean')
      throw wrong(`collection is ${shown(collection)}; it is true or false`, `${at}.collection`)
    return {
      name: this.name(json, at),
      ...this.path(json, 'path', at),
      collection: collection === true,
      ...(type !== undefined && { type: typeOf(type, `${at}.type`) }),
    }
  }

  name(json: Json, at: string): string {
    const name = this.text(json, 'name', at)
    if (!name || !NAME.test(name))
      throw wrong(`name is ${shown(json.name)}; it is letters, digits and _, the first a letter`, `${at}.name`)
    return name
  }

  path(json: Json, name: string, at: string, place = `${at}.${name}`): Path {
    const path = this.text(json, name, at, place)
    if (!path?.trim()) throw wrong(`${name} is missing: it is a FHIRPath expression`, place)
    this.length += path.length
    if (this.length > LONGEST) throw wrong(`The expressions have more than ${LONGEST} characters together`, place)
    return { path, at: place }
  }

  text(json: Json, name: string, at: string, place = `${at}.${name}`): string | undefined {
    const value = json[name]
    if (value !== undefined && (typeof value !== 'string' || isDecimal(value)))
      throw wrong(`${name} is ${shown(value)}; it is a string`, place)
    return value
  }

  list(json: Json, name: string, at: string): [json: Json, at: string][] {
    const value = json[name]
    if (value === undefined) return []
    if (!Array.isArray(value)) throw wrong(`${name} is a list`, `${at}.${name}`)
    return value.map((one, i) => {
      if (typeof one !== 'object' || one === null || Array.isArray(one))
        throw wrong(`${name}[${i}] is an object`, `${at}.${name}[${i}]`)
      return [one as Json, `${at}.${name}[${i}]`]
    })
  }
}

/** A misspelt element would change the table without a word. */
function only(json: Json, at: string, names: readonly string[]): void {
  const unknown = Object.keys(json).find(
    (key) => ![...names, 'id', 'extension', 'modifierExtension'].includes(key.replace(/^_/, '')),
  )
  if (unknown !== undefined) throw wrong(`There is no ${shown(unknown)} here; there can be ${names.join(', ')}`, at)
}

/** A column's type is a URI; those of FHIR go by their name. */
function typeOf(uri: unknown, at: string): string {
  const name = typeof uri === 'string' ? uri.replace('http://hl7.org/fhir/StructureDefinition/', '') : ''
  if (!typeDefinition(name))
    throw wrong(`type is ${shown(uri)}; it is a type of FHIR R4, such as string or Quantity`, at)
  return name
}

/** R5's 64-bit integer comes as text. */
const INTEGER64 = /^-?\d{1,19}$/

function constantOf(json: Json, at: string): Collection {
  const keys = Object.keys(json).filter((key) => key.startsWith('value'))
  const [key] = keys
  if (keys.length !== 1 || !key) throw wrong('A constant has one value, such as valueString', at)
  const type = key.charAt(5).toLowerCase() + key.slice(6)
  const value = json[key]
  if (type === 'integer64' && typeof value === 'string' && INTEGER64.test(value))
    return number(sql`${value}::numeric`, 'integer')
  const primitive = primitives[type === 'integer64' ? 'integer' : type]
  if (!primitive) throw wrong(`${key} cannot be a constant: its value is a primitive`, `${at}.${key}`)
  if (type !== 'integer64' && !primitive.accepts(value)) throw wrong(`${key} must be ${primitive.form}`, `${at}.${key}`)
  if (familyOf(type) === 'boolean') return boolean(sql`${value}::boolean`)
  if (isDecimal(value))
    return number(sql`${decimalText(value as Decimal)}::numeric`, familyOf(type) === 'number' ? type : 'integer')
  return text(sql`${value}::text`, type)
}

export function wrong(diagnostics: string, at: string): Unprocessable {
  return new Unprocessable(diagnostics, { expression: [at] })
}

export function shown(value: unknown): string {
  if (value === undefined) return 'missing'
  const json = stringifyJson(value)
  return json.length > 60 ? `${json.slice(0, 60)}…` : json
}
