import { Invalid } from '../../../../base/errors.js'
import { type Compiled, condition, exists, itemsOf, several, single, truth, type Value } from '../value.js'
import type { Compile, Site } from './site.js'

const criterion = ({ applied, node }: Site) => condition(applied(0), `The criterion of ${node.name}()`)

export function where(site: Site): Compiled {
  const { type, one, all } = site.input
  const holds = criterion(site)
  if (one) {
    return single(type, (focus, around) => {
      const value = one(focus, around)
      return value !== undefined && holds(value, around) === true ? value : undefined
    })
  }
  return several(type, (focus, around) => {
    const values = all(focus, around)
    around.limits.spend(values.length)
    return values.filter((value) => holds(value, around) === true)
  })
}

export const existence: Compile = (site) => {
  if (site.node.args.length === 0) return truth(exists(site.input))
  const { all } = site.input
  const holds = criterion(site)
  return truth((focus, around) => {
    const values = all(focus, around)
    around.limits.spend(values.length)
    for (let i = 0; i < values.length; i++) if (holds(values[i], around) === true) return true
    return false
  })
}

export const everyone: Compile = (site) => {
  const { all } = site.input
  const holds = criterion(site)
  return truth((focus, around) => {
    const values = all(focus, around)
    around.limits.spend(values.length)
    for (let i = 0; i < values.length; i++) if (holds(values[i], around) !== true) return false
    return true
  })
}

export const emptiness: Compile = ({ input }) => {
  const found = exists(input)
  return truth((focus, around) => !found(focus, around))
}

export const not: Compile = ({ input }) => {
  const test = condition(input, 'What not() negates')
  return truth((focus, around) => {
    const answer = test(focus, around)
    return answer === undefined ? undefined : !answer
  })
}

export const count: Compile = ({ input: { all } }) =>
  single('System.Integer', (focus, around) => all(focus, around).length)

export function select(site: Site): Compiled {
  const { one, all } = site.input
  const projection = site.applied(0)
  if (one && projection.one) {
    const project = projection.one
    return single(projection.type, (focus, around) => {
      const value = one(focus, around)
      return value === undefined ? undefined : project(value, around)
    })
  }
  return several(projection.type, (focus, around) => {
    const values = all(focus, around)
    around.limits.spend(values.length)
    return values.flatMap((value) => projection.all(value, around))
  })
}

export const iif: Compile = (site) => {
  const { one, all } = site.input
  const holds = condition(site.applied(0), 'The criterion of iif()')
  const branches = [1, 2].map((at) => (site.node.args[at] ? site.applied(at) : undefined))
  const [yes, no] = branches
  const isOneType = !no || yes!.type === no.type
  const run = [yes, no].map((branch) => branch && (isOneType ? branch.all : itemsOf(branch)))
  // Of nothing, too, it asks the criterion: `resolve().iif(empty(), true, …)`
  return several(isOneType ? yes!.type : undefined, (focus, around) => {
    const value = one ? one(focus, around) : soleOf(all(focus, around))
    const branch = holds(value, around) === true ? run[0] : run[1]
    return branch ? branch(value, around) : []
  })
}

function soleOf(values: readonly Value[]): Value {
  if (values.length > 1) throw new Invalid(`What iif() is given must be one value, but there are ${values.length}`)
  return values[0]
}
