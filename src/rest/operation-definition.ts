import type { OperationDefinition, OperationDefinitionParameter } from '@medplum/fhirtypes'
import { version } from '../base/version.js'
import { isResourceType } from '../fhir/definitions.js'
import type { Operation, Specs } from './operation.js'
import { partsOf } from './operation-parameters.js'

/** The id under which the definition is read, as HL7 forms them: `Patient-everything`, `Resource-meta` */
export function definitionId({ code, on }: Operation): string {
  if (on.resource === undefined) return code
  const name = on.resource === '*' ? 'Resource' : on.resource.length === 1 ? on.resource[0] : 'Several'
  return `${name}-${code}`
}

/** The canonical URL: HL7's where the operation is the standard's. */
export function definitionUrl(operation: Operation, base: string): string {
  return operation.definition ?? `${base}/OperationDefinition/${definitionId(operation)}`
}

/**
 * The declaration as the standard writes it down; one of the standard's is a profile on HL7's own definition.
 * @see https://hl7.org/fhir/R4/operationdefinition.html
 */
export function operationDefinition(operation: Operation, base: string): OperationDefinition {
  const { code, title, description, on, affectsState, definition } = operation
  const levels = new Set(on.levels)
  const id = definitionId(operation)
  const resource = on.resource === '*' ? ['Resource'] : on.resource?.filter(isResourceType)
  return {
    resourceType: 'OperationDefinition',
    id,
    url: `${base}/OperationDefinition/${id}`,
    version,
    name: id.replace(/(^|-)([a-z])/gi, (_, __, letter: string) => letter.toUpperCase()),
    title,
    status: 'active',
    kind: 'operation',
    description,
    affectsState,
    code,
    ...(definition && { base: definition }),
    ...(resource && resource.length > 0 && { resource: resource as OperationDefinition['resource'] }),
    system: levels.has('system'),
    type: levels.has('type'),
    instance: levels.has('instance'),
    parameter: [...parameters(operation, 'in'), ...parameters(operation, 'out')],
  }
}

function parameters({ in: ins, out, about = {} }: Operation, use: 'in' | 'out'): OperationDefinitionParameter[] {
  const specs: Specs = use === 'in' ? ins : out
  return Object.entries(specs).map(([name, spec]) => {
    const { least, most, type } = partsOf(spec)
    return {
      name,
      use,
      min: least,
      max: most === 1 ? '1' : '*',
      ...(about[name] && { documentation: about[name] }),
      // A ViewDefinition is not of R4, whose own name for it is Resource; what has parts has no type.
      ...(type !== 'part' && {
        type: (type === 'ViewDefinition' ? 'Resource' : type) as OperationDefinitionParameter['type'],
      }),
    }
  })
}
