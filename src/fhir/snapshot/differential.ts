import type { ElementDefinition } from '@medplum/fhirtypes'
import { MOST_ELEMENTS, MOST_STEPS, TooLarge } from './limits.js'

/** What a differential says of one element, and of those below it. */
export interface Difference {
  /** Last step of the path: `valueQuantity` where the base has `value[x]` */
  readonly name: string
  /** Absent: nothing of this element itself, only of those below it. */
  element?: ElementDefinition
  readonly slice?: string
  readonly below: Difference[]
  /** As the differential writes it. */
  readonly path: string
}

interface Step {
  readonly name: string
  readonly slice?: string
}

/**
 * A differential as a tree. It is sparse: parents that it says nothing of are filled in. Which slice a path goes
 * through is told by the ids, where there are any that fit, else by the order: the one that was named last.
 * @throws TooLarge
 */
export function differencesOf(elements: readonly ElementDefinition[]): Difference | undefined {
  const [first] = elements
  if (!first?.path) return undefined
  if (elements.length > MOST_ELEMENTS)
    throw new TooLarge(
      `the differential has ${elements.length} elements, and ${MOST_ELEMENTS} are the most that are read`,
    )
  const name = first.path.split('.', 1)[0]!
  const root: Difference = { name, path: name, below: [] }
  let way: Difference[] = [root]
  for (const element of elements) {
    if (!element.path) continue
    const steps = stepsOf(element, way)
    if (steps[0]!.name !== name) {
      root.below.push({ name: steps[0]!.name, path: element.path, element, below: [] })
      continue
    }
    way = [root]
    let at = root
    let path = name
    for (const [depth, { name, slice }] of steps.entries()) {
      if (depth === 0) continue
      path += `.${name}`
      const isLast = depth === steps.length - 1
      let next = at.below.findLast((one) => one.name === name && one.slice === slice)
      if (!next || (isLast && next.element)) {
        next = { name, path, below: [], ...(slice !== undefined && { slice }) }
        at.below.push(next)
      }
      at = next
      way.push(at)
    }
    at.element = element
  }
  return root
}

function stepsOf(element: ElementDefinition, way: readonly Difference[]): Step[] {
  const names = element.path!.split('.', MOST_STEPS + 1)
  if (names.length > MOST_STEPS) throw new TooLarge(`a path of the differential has more than ${MOST_STEPS} steps`)
  const byId = stepsOfId(element.id, names)
  const isTold = byId?.slice(0, -1).some(({ slice }) => slice !== undefined)
  let isSame = true
  return names.map((name, depth): Step => {
    if (depth === names.length - 1) return { name, slice: element.sliceName }
    if (isTold) return byId![depth]!
    isSame &&= way[depth]?.name === name
    return { name, slice: isSame ? way[depth]!.slice : undefined }
  })
}

/** `Observation.component:systolic.code` as steps, if it goes the way of the path. */
function stepsOfId(id: string | undefined, names: readonly string[]): Step[] | undefined {
  const steps = (id ?? '').split('.').map((part): Step => {
    const colon = part.indexOf(':')
    return colon < 0 ? { name: part } : { name: part.slice(0, colon), slice: part.slice(colon + 1) }
  })
  return steps.length === names.length && steps.every(({ name }, i) => name === names[i]) ? steps : undefined
}
