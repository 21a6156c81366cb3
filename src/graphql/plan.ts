import {
  type DirectiveNode,
  type FieldNode,
  type FragmentSpreadNode,
  GraphQLError,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  getDirectiveValues,
  type InlineFragmentNode,
  print,
  type SelectionSetNode,
} from 'graphql'
import { FhirError, Invalid } from '../base/errors.js'
import { resourceTypes } from '../fhir/definitions.js'
import { mustSuit } from '../fhir/fhirpath.js'
import { nearest } from '../fhir/validation/nearest.js'
import {
  type Following,
  followingOf,
  idOf,
  type Navigation,
  navigationOf,
  type Searching,
  searchingOf,
  valuesOf,
} from './arguments.js'
import type { Query } from './document.js'
import {
  ANY,
  type Field,
  fieldOf,
  graphqlName,
  isA,
  ownFields,
  pageOf,
  QUERY,
  searchedType,
  typeNamed,
} from './fields.js'
import { INDEX } from './navigation.js'
import { problem } from './problem.js'
import { first, flatten, singleton, slice } from './vocabulary.js'

/** What is selected below a field; see selection.ts. */
export interface Below {
  on(type: string): readonly Planned[]
  check(type: string): readonly GraphQLError[]
}

/** What is asked of one field of an object, with its directives and arguments read. */
export interface Planned {
  /** Its name in the answer. */
  readonly key: string
  readonly field: Field
  readonly nodes: readonly FieldNode[]
  readonly flatten: boolean
  readonly first: boolean
  readonly singleton: boolean
  readonly slice?: string
  /** What is selected below it; absent for leaves. */
  readonly below?: Below
  /** Of an element that is no leaf: which of a list. */
  readonly navigation?: Navigation
  /** Of `resource`: how the reference is followed, once for each time that it is asked for. */
  readonly following?: readonly Following[]
  /** Of one resource: its id. */
  readonly id?: string
  /** Of a list or connection. */
  readonly searching?: Searching
}

/** One selection set of the text, and the types that it is for. */
export interface Part {
  readonly set: SelectionSetNode
  readonly types?: ReadonlySet<string>
}

export interface Fragment {
  readonly node: InlineFragmentNode | FragmentSpreadNode
  readonly condition: string
  readonly set: SelectionSetNode
}

/** A selection as one type understands it. */
export interface Plan {
  /** In the order of the text, each name of the answer once. */
  readonly planned: readonly Planned[]
  /** What @skip and @include leave out: it has to be right all the same. */
  readonly omitted: readonly Planned[]
  /** All that is asked for, by the names that types have for it. */
  readonly fields: readonly FieldNode[]
  /** Those that are not for this type. */
  readonly others: readonly Fragment[]
  readonly problems: readonly GraphQLError[]
}

/** The type that a fragment is for, as the query names it; empty for any. */
export const conditionOf = (node: InlineFragmentNode | FragmentSpreadNode, { fragments }: Query): string =>
  (node.kind === 'InlineFragment' ? node : fragments.get(node.name.value))?.typeCondition?.name.value ?? ''

interface Group {
  readonly nodes: FieldNode[]
  readonly omitted: FieldNode[]
}

/** Collects the fields of a type from the parts of a selection: https://spec.graphql.org/October2021/#CollectFields() */
export class Planner {
  private readonly groups = new Map<string, Group>()
  private readonly others: Fragment[] = []
  private readonly problems: GraphQLError[] = []

  constructor(
    private readonly query: Query,
    private readonly type: string,
    private readonly select: (parts: readonly Part[]) => Below,
  ) {}

  plan(parts: readonly Part[]): Plan {
    for (const { set, types } of parts) {
      if (this.type === ANY || !types || types.has(this.type)) this.collect(set, true, new Set())
    }
    const planned: Planned[] = []
    const omitted: Planned[] = []
    for (const [key, group] of this.groups) {
      if (group.nodes.length > 0) planned.push(...this.attempt(key, group.nodes))
      for (const node of group.omitted) omitted.push(...this.attempt(key, [node]))
    }
    const fields = [...this.groups.values()].flatMap(({ nodes, omitted }) => [...nodes, ...omitted])
    return { planned, omitted, fields, others: this.others, problems: this.problems }
  }

  private collect(set: SelectionSetNode, outer: boolean, spread: Set<string>): void {
    for (const node of set.selections) {
      const included = outer && this.isIncluded(node)
      if (node.kind === 'Field') {
        const key = (node.alias ?? node.name).value
        const group = this.groups.get(key) ?? { nodes: [], omitted: [] }
        group[included ? 'nodes' : 'omitted'].push(node)
        this.groups.set(key, group)
        continue
      }
      if (node.kind === 'FragmentSpread') {
        if (spread.has(node.name.value)) continue
        if (included) spread.add(node.name.value)
      }
      const below =
        node.kind === 'InlineFragment' ? node.selectionSet : this.query.fragments.get(node.name.value)!.selectionSet
      const condition = conditionOf(node, this.query)
      if (condition === '' || isA(this.type, condition)) this.collect(below, included, spread)
      else this.other(node, condition, below)
    }
  }

  private other(node: Fragment['node'], condition: string, set: SelectionSetNode): void {
    const named = typeNamed(condition)
    if (named === 'DomainResource' && this.type === ANY) this.others.push({ node, condition: ANY, set })
    else if (named) this.others.push({ node, condition: named, set })
    else this.problems.push(problem(new Invalid(`${condition} is not a type of FHIR R4`), [node]))
  }

  private isIncluded({ directives = [] }: { directives?: readonly DirectiveNode[] }): boolean {
    if (directives.length === 0) return true
    const node = { directives }
    const { variables } = this.query
    try {
      return (
        getDirectiveValues(GraphQLSkipDirective, node, variables)?.if !== true &&
        getDirectiveValues(GraphQLIncludeDirective, node, variables)?.if !== false
      )
    } catch (cause) {
      // A variable without the value that is needed.
      if (!(cause instanceof GraphQLError)) throw cause
      this.problems.push(cause)
      return true
    }
  }

  /** None, and a problem more, when it cannot be. */
  private attempt(key: string, nodes: readonly FieldNode[]): Planned[] {
    try {
      return [this.field(key, nodes)]
    } catch (cause) {
      if (cause instanceof GraphQLError) this.problems.push(cause)
      else if (cause instanceof FhirError) this.problems.push(problem(cause, nodes))
      else throw cause
      return []
    }
  }

  private field(key: string, nodes: readonly FieldNode[]): Planned {
    const node = nodes[0]!
    const field = fieldOf(this.type, node.name.value)
    if (!field) throw this.unknown(node.name.value)
    const { variables, parameters } = this.query
    const setting = { isRoot: this.type === QUERY, parameters }
    const read = ({ arguments: given = [] }: FieldNode) => valuesOf(field, setting, given, variables)
    const values = read(node)
    const { kind, scalar } = field
    const isSearch = kind === 'list' || kind === 'connection'
    const following = kind === 'resource' ? nodes.map((one) => followingOf(read(one))) : undefined
    for (const one of nodes.slice(1)) if (!mergeable(node, one, field)) throw conflict(key)
    const sets = setsOf(field, nodes)
    const parts = sets.map((set, i): Part => ({ set, types: following?.[i]?.types }))
    const asked: Planned = {
      key,
      field,
      nodes,
      flatten: has(node, flatten.name),
      first: has(node, first.name),
      singleton: has(node, singleton.name),
      slice: getDirectiveValues(slice, node, variables)?.path as string | undefined,
      ...(kind === 'element' && !scalar && { navigation: navigationOf(values) }),
      ...(following && { following }),
      ...(kind === 'read' && { id: idOf(field, values) }),
      ...(isSearch && { searching: searchingOf(field, setting, values) }),
      ...(!scalar && kind !== 'introspection' && { below: this.select(parts) }),
    }
    if (asked.flatten && !asked.below) throw new Invalid(`${field.name} has nothing in it to flatten`)
    checkPaths(asked)
    return asked
  }

  private unknown(name: string): Invalid {
    if (this.type === QUERY) {
      const meant = nearest(name, resourceTypes)
      const right = `right are Patient(id: …), PatientList and PatientConnection, and so for each resource type`
      return new Invalid(`There is no ${name}; ${meant ? `did you mean ${meant}?` : right}`)
    }
    const meant = nearest(name, ownFields(this.type).keys())
    return new Invalid(`${graphqlName(this.type)} has no field ${name}${meant ? `; did you mean ${meant}?` : ''}`)
  }
}

/** @throws Invalid  a leaf has something below it, or what is none has nothing */
function setsOf({ name, scalar, type }: Field, nodes: readonly FieldNode[]): readonly SelectionSetNode[] {
  const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? [])
  if (scalar && sets.length > 0) throw new Invalid(`${name} is a ${type}: nothing can be selected below it`)
  if (!scalar && sets.length < nodes.length)
    throw new Invalid(`${name} is a ${graphqlName(type)}: what is wanted of it has to be selected below it`)
  return sets
}

/** @throws Invalid  an expression is not FHIRPath, or not for the type; of any resource only the resource can tell */
function checkPaths({ field, slice, navigation, searching }: Planned): void {
  const filter = (searching ?? navigation)?.fhirpath
  const searched = searching ? searchedType(field) : field.type
  if (filter !== undefined && searched !== ANY) mustSuit(filter, searched)
  if (slice === undefined || slice === INDEX) return
  if (field.kind === 'introspection' || pageOf(field.type))
    throw new Invalid(`${field.name} is not of FHIR, so no FHIRPath can slice it; @slice(path: "${INDEX}") can`)
  if (field.type !== ANY) mustSuit(slice, field.type)
}

const has = ({ directives = [] }: FieldNode, name: string) => directives.some((one) => one.name.value === name)

const conditional = new Set([GraphQLSkipDirective.name, GraphQLIncludeDirective.name])

/** The several `resource` of a reference differ in the types that they are for. */
function mergeable(a: FieldNode, b: FieldNode, field: Field): boolean {
  const said = ({ name, arguments: given = [], directives = [] }: FieldNode) => [
    name.value,
    ...(field.kind === 'resource' ? [] : given.map(print).sort()),
    ...directives.filter((one) => !conditional.has(one.name.value)).map(print),
  ]
  return said(a).join() === said(b).join()
}

const conflict = (key: string) =>
  new Invalid(`${key} is asked for in two ways that cannot both be under this name; give one of them an alias`)
