import { sql } from '../../db/sql.js'
import { isResourceType } from '../../fhir/definitions.js'
import { isA } from '../../fhir/path/routes.js'
import { asText, type Collection, spread, value } from '../collection.js'
import { element, listed } from '../element.js'
import { typeNamed } from '../types.js'
import { Unfit } from '../unfit.js'
import type { Call, Functions } from './call.js'

/** https://sql-on-fhir.org/ig/StructureDefinition-ViewDefinition.html#required-additional-functions */
export const keys: Functions = {
  getResourceKey: [0, 0, resourceKey],
  getReferenceKey: [0, 1, referenceKey],
}

/** The id, which is what references of this server hold. */
function resourceKey({ input }: Call): Collection {
  const [branch] = input.branches
  if (!branch || !isA(branch.type, 'Resource'))
    throw new Unfit(`takes the key of ${branch?.type ?? 'nothing'}: only resources have one`)
  return {
    ...input,
    branches: input.branches.map((one) => ({
      ...one,
      type: 'id',
      steps: [...one.steps, { name: 'id', array: false }],
    })),
  }
}

/**
 * The id that a reference names, when it is `Type/id`, as it is or below this server's base, and of the type that is
 * asked for. Other references name nothing that is here, and have no key.
 */
function referenceKey({ input, args, scope }: Call): Collection {
  const type = args[0] && typeNamed(args[0])
  if (type !== undefined && !isResourceType(type)) throw new Unfit(`'${type}' is not a resource type`)
  if (input.branches.some((branch) => branch.type !== 'Reference'))
    throw new Unfit(`takes the key of ${listed(input.branches)}, which is no Reference`)
  const references = element(input, 'reference', scope.aliases)
  const all = spread(references, scope.aliases)
  const reference = value(all, asText)
  const form = `^${type ?? '[A-Za-z]+'}/([A-Za-z0-9.-]{1,64})(/_history/[A-Za-z0-9.-]{1,64})?$`
  const prefix = `${scope.base}/`
  const local = sql`(case when starts_with(${reference}, ${prefix}) then substr(${reference}, length(${prefix}) + 1) else ${reference} end)`
  return {
    ...all,
    branches: [{ type: 'id', form: 'text', base: sql`substring(${local} from ${form})`, steps: [] }],
  }
}
