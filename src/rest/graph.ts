import type {
  GraphDefinition,
  GraphDefinitionLink,
  GraphDefinitionLinkTarget,
  GraphDefinitionLinkTargetCompartment,
} from '@medplum/fhirtypes'
import { Invalid, NotFound, TooCostly, Unprocessable } from '../base/errors.js'
import { parseJson } from '../fhir/json.js'
import { compilePaths } from '../fhir/path.js'
import { parseReference } from '../fhir/references.js'
import { patientsOf } from '../search/compartment.js'
import type { Found } from '../search/find.js'
import { targetOf } from '../search/types/reference.js'
import type { Resource } from '../store/write.js'
import type { Core } from './core.js'
import { pairsOf } from './criteria.js'
import type { Exchange } from './exchange.js'
import { escaped, matching } from './matching.js'

/**
 * The GraphDefinition that a canonical URL (`http://…|version`) or a reference (`GraphDefinition/1`) names.
 * @throws NotFound  there is none (404)
 * @throws Invalid   there are several; a version would tell them apart (400)
 */
export async function graphNamed(core: Core, exchange: Exchange, name: string): Promise<GraphDefinition> {
  const { type, id, absolute } = parseReference(name, exchange.base) ?? {}
  if (type === 'GraphDefinition' && id && !absolute)
    return parseJson((await core.store.read(exchange.ctx.tenant, type, id)).content) as GraphDefinition
  const [url = '', version] = name.split('|')
  const search = [['url', escaped(url)] as const, ...(version ? [['version', escaped(version)] as const] : [])]
  const [first, second] = await matching(core, exchange, 'GraphDefinition', search, 2)
  if (!first) throw new NotFound('graph names no GraphDefinition that is here')
  if (second) throw new Invalid('graph names several GraphDefinitions; name the version behind a |')
  return parseJson(first.content) as GraphDefinition
}

/** A resource of the graph, parsed. */
interface Node {
  found: Found
  resource: Resource
}

/**
 * What a GraphDefinition leads to from a resource, without that: each once, in the order in which it is reached.
 * @throws Unprocessable  the resource is not of the type that the graph starts from, or a link has fewer or more
 *                        targets than it may have (422)
 * @throws TooCostly      more than INGLE_MAX_INCLUDES resources (422)
 * @see https://hl7.org/fhir/R4/graphdefinition.html
 */
export async function graphed(core: Core, exchange: Exchange, graph: GraphDefinition, start: Found): Promise<Found[]> {
  if (graph.start !== start.type)
    throw new Unprocessable(`The graph starts from a ${graph.start}, not from a ${start.type}`)
  const walk = new Walk(core, exchange, start.key)
  await walk.from([{ found: start, resource: parseJson(start.content) as Resource }], graph.link ?? [], 'link')
  return [...walk.reached.values()]
}

class Walk {
  readonly reached = new Map<bigint, Found>()
  /** A link is followed once from each resource, so that circles end. */
  private readonly followed = new Set<string>()

  constructor(
    private readonly core: Core,
    private readonly exchange: Exchange,
    private readonly start: bigint,
  ) {}

  /** @param at  where the links stand in the definition */
  async from(nodes: readonly Node[], links: readonly GraphDefinitionLink[], at: string): Promise<void> {
    for (const [i, link] of links.entries()) {
      for (const node of nodes) {
        const place = `${at}[${i}]`
        if (this.followed.has(`${place} ${node.found.key}`)) continue
        this.followed.add(`${place} ${node.found.key}`)
        await this.follow(node, link, place)
      }
    }
  }

  private async follow(node: Node, link: GraphDefinitionLink, at: string): Promise<void> {
    const targets = link.target ?? []
    if (targets.length === 0) throw new Unprocessable(`GraphDefinition.${at} has no target`)
    const named = link.path === undefined ? undefined : await this.named(node, link.path, at)
    const found: Node[][] = []
    for (const [i, target] of targets.entries())
      found.push(await this.targets(node, target, named, `${at}.target[${i}]`))
    checkCount(link, new Set(found.flat().map((one) => one.found.key)).size, at)
    for (const [i, target] of targets.entries())
      await this.from(found[i]!, target.link ?? [], `${at}.target[${i}].link`)
  }

  /** What the path of a link selects: references to resources that are here. */
  private async named({ resource }: Node, path: string, at: string): Promise<Found[]> {
    const { ctx } = this.exchange
    const paths = compilePaths(path, resource.resourceType)
    // Whoever may send a graph must not keep everybody else waiting by what it evaluates.
    if (paths.some(({ type }) => type === 'dynamic'))
      throw new Unprocessable(
        `GraphDefinition.${at}.path: only elements, with [n], where(…exists()), ofType() and | between them, are followed`,
      )
    const keys = new Set<bigint>()
    for (const one of paths) {
      one.each(resource, (value, type) => {
        const reference = type === 'Reference' ? (value as { reference?: string }).reference : undefined
        const target = reference === undefined ? undefined : targetOf(ctx.tenant, reference)
        if (target?.type) keys.add(target.key)
      })
    }
    return this.core.store.finder.byKeys(ctx, [...keys])
  }

  private async targets(
    node: Node,
    { type, params, profile, compartment = [] }: GraphDefinitionLinkTarget,
    named: readonly Found[] | undefined,
    at: string,
  ): Promise<Node[]> {
    const most = this.core.config.maxIncludes
    if (named === undefined && params === undefined)
      throw new Unprocessable(`GraphDefinition.${at}: a link without a path needs params`)
    const candidates = named
      ? named.filter((one) => (type as string) === 'Resource' || one.type === type)
      : await matching(this.core, this.exchange, type!, searchOf(params!, node, at), most + 1)
    const nodes = candidates
      .map((found): Node => ({ found, resource: parseJson(found.content) as Resource }))
      .filter(({ resource }) => !profile || isOf(resource, profile))
      .filter(({ resource }) => compartment.every((rule) => satisfies(rule, node.resource, resource, at)))
    for (const { found } of nodes) if (found.key !== this.start) this.reached.set(found.key, found)
    if (this.reached.size > most) throw new TooCostly(`The graph has more than ${most} resources (INGLE_MAX_INCLUDES)`)
    return nodes
  }
}

/** `patient={ref}` of the resource that the link comes from. */
function searchOf(params: string, { found }: Node, at: string) {
  if (!params.includes('{ref}'))
    throw new Unprocessable(`GraphDefinition.${at}.params must say where the reference goes: name={ref}`)
  return pairsOf(params.replace(/^\?/, '').replaceAll('{ref}', `${found.type}/${found.id}`))
}

const isOf = ({ meta }: Resource, profile: string) =>
  ((meta?.profile as string[] | undefined) ?? []).some((one) => one.split('|')[0] === profile.split('|')[0])

function checkCount({ min = 0, max = '*', description }: GraphDefinitionLink, n: number, at: string): void {
  const name = description ? ` (${description})` : ''
  if (n < min)
    throw new Unprocessable(`GraphDefinition.${at}${name} leads to ${n} resources; it must be ${min} or more`)
  if (max !== '*' && !(n <= Number(max)))
    throw new Unprocessable(`GraphDefinition.${at}${name} leads to ${n} resources; it may be ${max} at most`)
}

/** https://hl7.org/fhir/R4/graphdefinition-definitions.html#GraphDefinition.link.target.compartment */
function satisfies(
  { use, code, rule }: GraphDefinitionLinkTargetCompartment,
  source: Resource,
  target: Resource,
  at: string,
): boolean {
  if (code !== 'Patient' || rule === 'custom')
    throw new Unprocessable(`GraphDefinition.${at}.compartment: only Patient is known, and no custom rule`)
  const [of, to] = [patientsOf(source), patientsOf(target)]
  const isSame = [...to].some((id) => of.has(id))
  const holds = rule === 'different' ? !isSame : isSame
  return use === 'condition' ? holds || to.size === 0 : holds
}
