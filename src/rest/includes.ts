import type { Context } from '../base/context.js'
import { FhirError, type Issue } from '../base/errors.js'
import { resourceTypes } from '../fhir/definitions.js'
import { parseJson } from '../fhir/json.js'
import type { Path } from '../fhir/path.js'
import type { Finder, Found } from '../search/find.js'
import { paramOf } from '../search/names.js'
import { type Parameters, type SearchParameter, standard } from '../search/parameters.js'
import type { Include, SearchRequest } from '../search/request.js'
import { patientParameter, sourcesOf } from '../search/sources.js'
import { targetOf } from '../search/types/reference.js'
import { mayInclude } from './scopes.js'

type Ctx = Pick<Context, 'tenant' | 'principal' | 'signal'>

/** So many references a link may name: a URL has an end. */
const MOST_NAMED = 100
/** Waves of :iterate; a circle of references ends by itself, as nothing is included twice. */
const MOST_WAVES = 10

export interface Included {
  resources: Found[]
  warnings: Issue[]
  /** queries below the base that lead to all that was cut off of what refers to the matches */
  rest: string[]
}

/**
 * What `_include` and `_revinclude` add to a page: one statement for each of them and wave, however many matches.
 * @see https://hl7.org/fhir/R4/search.html#include
 */
export async function including(
  finder: Finder,
  ctx: Ctx,
  matches: readonly Found[],
  { include, revinclude }: Pick<SearchRequest, 'include' | 'revinclude'>,
  most: number,
  parameters: Parameters = standard,
): Promise<Included> {
  if ((include.length === 0 && revinclude.length === 0) || matches.length === 0)
    return { resources: [], warnings: [], rest: [] }
  const seen = new Set(matches.map(({ key }) => key))
  const resources: Found[] = []
  let cut = false
  let further = false
  let wave: readonly Found[] = matches
  for (let n = 0; wave.length > 0 && n < MOST_WAVES; n++) {
    const again = (one: Include) => n === 0 || one.iterate
    const wanted = [
      ...(await forward(finder, ctx, wave, include.filter(again), seen, parameters)),
      // Those that are on the page already must not take the place of others.
      ...(await backward(finder, ctx, wave, revinclude.filter(again), most + seen.size, parameters)),
    ]
    const fresh: Found[] = []
    for (const found of wanted) {
      if (seen.has(found.key) || !mayInclude(ctx.principal, found.type)) continue
      if (resources.length + fresh.length === most) {
        cut = true
        break
      }
      seen.add(found.key)
      fresh.push(found)
    }
    resources.push(...fresh)
    if (cut) break
    wave = fresh
    further = n === MOST_WAVES - 1 && fresh.length > 0 && [...include, ...revinclude].some(({ iterate }) => iterate)
  }
  if (further) {
    const diagnostics = `:iterate was followed ${MOST_WAVES} times; there may be more, which a search from the last of these finds`
    return { resources, warnings: [{ severity: 'warning', code: 'incomplete', diagnostics }], rest: [] }
  }
  if (!cut) return { resources, warnings: [], rest: [] }
  const rest = revinclude.flatMap((one) => referringQueries(parameters, one, matches))
  const links = rest.length > 0 ? '; the links of relation related lead to all that refers to the matches' : ''
  const diagnostics = `Only ${most} included resources are on this page (INGLE_MAX_INCLUDES); a smaller _count leaves more room${links}`
  return { resources, warnings: [{ severity: 'warning', code: 'incomplete', diagnostics }], rest }
}

/** Searches for all that a `_revinclude` would have added, in pages of their own. */
function referringQueries(
  parameters: Parameters,
  { source, code, target }: Include,
  matches: readonly Found[],
): string[] {
  const wanted = target ? matches.filter(({ type }) => type === target) : matches
  const named: string[] = []
  for (let at = 0; at < wanted.length; at += MOST_NAMED)
    named.push(
      wanted
        .slice(at, at + MOST_NAMED)
        .map(({ type, id }) => `${type}/${id}`)
        .join(),
    )
  return pointing(parameters, source, code, wanted).flatMap(({ type, parameter }) =>
    named.map((references) => `${type}?${parameter.code}=${references}`),
  )
}

/** References are read from the resources themselves: they are on the page, parsed or not. */
async function forward(
  finder: Finder,
  ctx: Ctx,
  sources: readonly Found[],
  includes: readonly Include[],
  seen: ReadonlySet<bigint>,
  parameters: Parameters,
) {
  if (includes.length === 0) return []
  const keys = new Set<bigint>()
  for (const source of sources) {
    const own = includes.filter((one) => one.source === '*' || one.source === source.type)
    if (own.length === 0) continue
    const resource = parseJson(source.content)
    for (const { code, target } of own) {
      for (const parameter of referencesOf(parameters, source.type, code)) {
        for (const path of parameter.paths) {
          eachOf(path, resource, (value, type) => {
            const reference = type === 'Reference' ? (value as { reference?: string }).reference : undefined
            const found = reference === undefined ? undefined : targetOf(ctx.tenant, reference)
            if (found?.type && (target === undefined || target === found.type) && !seen.has(found.key))
              keys.add(found.key)
          })
        }
      }
    }
  }
  return finder.byKeys(ctx, [...keys])
}

async function backward(
  finder: Finder,
  ctx: Ctx,
  targets: readonly Found[],
  revincludes: readonly Include[],
  most: number,
  parameters: Parameters,
) {
  const found: Found[] = []
  for (const { source, code, target } of revincludes) {
    const wanted = target ? targets.filter(({ type }) => type === target) : targets
    if (wanted.length === 0) continue
    for (const { type, parameter } of pointing(parameters, source, code, wanted)) {
      const { codes } = sourcesOf(type, parameter.code)
      const salts = codes.map((one) => paramOf(ctx.tenant, type, one))
      const patient =
        codes.length === 1 && codes[0] === patientParameter(type) && wanted.every((one) => one.type === 'Patient')
      found.push(
        ...(await finder.referring(
          ctx,
          type,
          { salts, patient },
          wanted.map(({ key }) => key),
          most + 1,
        )),
      )
    }
  }
  return found
}

/** What an expression cannot be evaluated on has no such reference; the page says that there are some. */
function eachOf(path: Path, resource: unknown, visit: (value: unknown, type: string) => void): void {
  try {
    path.each(resource, visit)
  } catch (cause) {
    if (!(cause instanceof FhirError)) throw cause
  }
}

const referencesOf = (parameters: Parameters, type: string, code: string): SearchParameter[] =>
  [...parameters.of(type).values()].filter((one) => one.type === 'reference' && (code === '*' || one.code === code))

/** The reference parameters that `_revinclude` names and that can point at one of the wanted types. */
function pointing(
  parameters: Parameters,
  source: string,
  code: string,
  wanted: readonly Found[],
): { type: string; parameter: SearchParameter }[] {
  const types = new Set(wanted.map(({ type }) => type))
  const sources = source === '*' ? resourceTypes : [source]
  return sources.flatMap((type) =>
    referencesOf(parameters, type, code)
      .filter((parameter) => parameter.targets.length === 0 || parameter.targets.some((one) => types.has(one)))
      // `patient` finds nothing that `subject` does not.
      .filter((parameter) => code !== '*' || sourcesOf(type, parameter.code).codes[0] === parameter.code)
      .map((parameter) => ({ type, parameter })),
  )
}
