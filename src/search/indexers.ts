import { FhirError } from '../base/errors.js'
import { containedIn } from './contained.js'
import { type Entry, NO_PATIENT, SEVERAL_PATIENTS } from './entry.js'
import { addLinks, mayTarget } from './links.js'
import { failureMark, paramOf, prefixOf, prosePrefix, textPrefix } from './names.js'
import type { SearchParameter } from './parameters.js'
import { isMandatory, mainDate, patientParameter, storedParameters } from './sources.js'
import * as composite from './types/composite.js'
import * as date from './types/date.js'
import * as phonetic from './types/phonetic.js'
import * as position from './types/position.js'
import * as quantity from './types/quantity.js'
import * as reference from './types/reference.js'
import * as string from './types/string.js'
import * as token from './types/token.js'
import * as uri from './types/uri.js'
import { eachProse, type Prose, WordHashes } from './words.js'

export type Indexer = (resource: unknown, entry: Entry) => void

const indexers = new Map<string, readonly Indexer[]>()

/**
 * The search index entry of a resource. Pure: the same resource gives the same entry.
 * @param own  indexers of the parameters that the tenant has defined itself
 */
export function entryOf(tenant: number, resource: { resourceType: string }, own: readonly Indexer[] = NONE): Entry {
  const type = resource.resourceType
  const name = `${tenant} ${type}`
  let list = indexers.get(name)
  if (!list) {
    list = indexersOf(tenant, type)
    indexers.set(name, list)
  }
  const entry: Entry = {
    tok: new Set(),
    ref: new Set(),
    found: new Set(),
    links: [],
    txt: new Set(),
    texts: new Set(),
    patient: NO_PATIENT,
    strings: [],
    quantities: [],
    dates: [],
  }
  for (const index of list) index(resource, entry)
  // What is contained is a part of its container: that is what refers.
  if (tenant > 0) addLinks(tenant, resource, entry)
  for (const index of own) index(resource, entry)
  if ('contained' in resource) entry.contained = containedIn(tenant, resource, entryOf)
  return entry
}

const NONE: readonly Indexer[] = []

function indexersOf(tenant: number, type: string): Indexer[] {
  const main = mainDate(type)
  const patient = patientParameter(type)
  const stored = storedParameters(type).flatMap((parameter): readonly Indexer[] => {
    // Columns of their own.
    if (parameter.code === '_id' || parameter.code === '_lastUpdated') return []
    if (parameter.code === main) return [mainDates(parameter)]
    if (parameter.code === patient) return [references(tenant, parameter, true)]
    return indexersFor(tenant, parameter)
  })
  return [...stored, ...phonetic.indexers(tenant, type), words(tenant, type)]
}

function indexersFor(tenant: number, parameter: SearchParameter): readonly Indexer[] {
  switch (parameter.type) {
    case 'token':
      return [tokens(tenant, parameter)]
    case 'uri':
      return [uris(tenant, parameter)]
    case 'reference':
      return [references(tenant, parameter, false)]
    case 'string':
      return [strings(tenant, parameter)]
    case 'date':
      return [dates(tenant, parameter)]
    case 'number':
    case 'quantity':
      return [quantities(tenant, parameter)]
    case 'composite':
      return composite.indexers(tenant, parameter)
    case 'special':
      return parameter.code === position.CODE ? [positions(tenant, parameter)] : []
    default:
      return []
  }
}

/**
 * Of a parameter that a tenant has defined. What fhirpath.js evaluates may fail on some data: that keeps no resource
 * from being stored, it is marked, so that those which the parameter does not find can be counted.
 */
export function indexersOfOwn(tenant: number, parameter: SearchParameter): readonly Indexer[] {
  const indexers = indexersFor(tenant, parameter)
  if (!parameter.paths.some((path) => path.type === 'dynamic')) return indexers
  const mark = failureMark(tenant, parameter.base, parameter.code)
  return indexers.map((index) => (resource, entry) => {
    try {
      index(resource, entry)
    } catch (cause) {
      if (!(cause instanceof FhirError)) throw cause
      entry.tok.add(mark)
    }
  })
}

/** Runs `index` on every value; marks that there is one where searches may ask for `:missing`. */
function each(
  parameter: SearchParameter,
  prefix: string,
  index: (value: unknown, type: string, entry: Entry) => void,
): Indexer {
  const mark = isMandatory(parameter) ? undefined : token.presence(prefix)
  const { paths } = parameter
  let current!: Entry
  let found = false
  const visit = (value: unknown, type: string) => {
    found = true
    index(value, type, current)
  }
  return (resource, entry) => {
    current = entry
    found = false
    for (const path of paths) path.each(resource, visit)
    if (found && mark !== undefined) entry.tok.add(mark)
  }
}

function tokens(tenant: number, parameter: SearchParameter): Indexer {
  const prefix = prefixOf(tenant, parameter.base, parameter.code)
  const words = new WordHashes(textPrefix(tenant, parameter.base, parameter.code))
  const hashes = new token.Hashes(prefix)
  let current!: Entry
  const sink = {
    token: (value: bigint) => void current.tok.add(value),
    text: (text: string) => addText(current, words, text),
  }
  return each(parameter, prefix, (value, type, entry) => {
    current = entry
    token.indexed(hashes, value, type, sink)
  })
}

function uris(tenant: number, parameter: SearchParameter): Indexer {
  const prefix = prefixOf(tenant, parameter.base, parameter.code)
  // Nearly every resource names its profile: what lies under which path is asked of the profiles, not of each resource.
  const paths = parameter.code !== '_profile'
  let current!: Entry
  const visit = (hashed: bigint) => void current.tok.add(hashed)
  return each(parameter, prefix, (value, _type, entry) => {
    current = entry
    uri.indexed(prefix, String(value), visit, paths)
    if (!paths) entry.profiles = [...(entry.profiles ?? []), String(value)]
  })
}

function references(tenant: number, parameter: SearchParameter, ofPatient: boolean): Indexer {
  const prefix = prefixOf(tenant, parameter.base, parameter.code)
  const salt = paramOf(tenant, parameter.base, parameter.code)
  return each(parameter, prefix, (value, type, entry) => {
    reference.indexed(tenant, value, type, (target) => {
      entry.ref.add(target.key ^ salt)
      if (target.type && mayTarget(parameter, target.type)) entry.found.add(target.key)
      if (ofPatient && target.type === 'Patient') {
        entry.patient = entry.patient === NO_PATIENT || entry.patient === target.key ? target.key : SEVERAL_PATIENTS
      }
    })
    reference.identifiers(prefix, value, type, (hashed) => entry.tok.add(hashed))
  })
}

function strings(tenant: number, parameter: SearchParameter): Indexer {
  const param = paramOf(tenant, parameter.base, parameter.code)
  const words = new WordHashes(textPrefix(tenant, parameter.base, parameter.code))
  return (resource, entry) => {
    const add = (text: string) => {
      const exact = text.slice(0, string.LONGEST)
      entry.strings.push({ param, value: string.normal(exact), exact })
      addText(entry, words, text)
    }
    for (const path of parameter.paths) path.each(resource, (value, type) => string.indexed(value, type, add))
  }
}

function mainDates(parameter: SearchParameter): Indexer {
  return (resource, entry) => {
    for (const path of parameter.paths) {
      path.each(resource, (value, type) => {
        const range = date.indexed(value, type)
        if (!range) return
        // Several dates (rare: the main date is a single element nearly everywhere) become their outer limits.
        entry.date = entry.date ? [Math.min(entry.date[0], range[0]), Math.max(entry.date[1], range[1])] : range
      })
    }
  }
}

function dates(tenant: number, parameter: SearchParameter): Indexer {
  const param = paramOf(tenant, parameter.base, parameter.code)
  return (resource, entry) => {
    for (const path of parameter.paths) {
      path.each(resource, (value, type) => {
        const range = date.indexed(value, type)
        if (range) entry.dates.push({ param, range })
      })
    }
  }
}

function quantities(tenant: number, parameter: SearchParameter): Indexer {
  const param = paramOf(tenant, parameter.base, parameter.code)
  return (resource, entry) => {
    for (const path of parameter.paths) {
      path.each(resource, (value, type) =>
        quantity.indexed(value, type, (row) => entry.quantities.push({ param, ...row })),
      )
    }
  }
}

function positions(tenant: number, { base, paths }: SearchParameter): Indexer {
  const [north, east] = [position.latitudeParam(tenant, base), position.longitudeParam(tenant, base)]
  const plain = { unit: 0n, unitCode: 0n }
  return (resource, entry) => {
    for (const path of paths) {
      path.each(resource, (value) => {
        const place = position.indexed(value)
        if (!place) return
        entry.quantities.push({ param: north, ...plain, value: place.latitude })
        entry.quantities.push({ param: east, ...plain, value: place.longitude })
      })
    }
  }
}

function words(tenant: number, type: string): Indexer {
  const content = new WordHashes(prosePrefix(tenant, type, '_content'))
  const narrative = new WordHashes(prosePrefix(tenant, type, '_text'))
  let current!: Entry
  const sink: Prose = {
    text: (text) => {
      if (!current.texts.has(text)) addAll(current.txt, content.of(text))
    },
    narrative: (text) => {
      addAll(current.txt, content.of(text))
      addAll(current.txt, narrative.of(text))
    },
  }
  return (resource, entry) => {
    current = entry
    eachProse(resource, sink)
  }
}

/** What `:text` finds, `_content` finds there: its words are not stored a second time. */
function addText(entry: Entry, words: WordHashes, text: string) {
  entry.texts.add(text)
  addAll(entry.txt, words.of(text))
}

function addAll(set: Set<bigint>, values: readonly bigint[]) {
  for (const value of values) set.add(value)
}
