import { NotFound } from '../../../base/errors.js'
import { byCanonical, type Library } from '../../../fhir/library.js'

/**
 * The value set that an element is bound to.
 * @param context  `http://hl7.org/fhir/StructureDefinition/Observation#Observation.status`
 * @throws NotFound  there is no such definition, no such element, or it is bound to nothing (404)
 */
export async function boundTo(context: string, library: Library): Promise<string> {
  const [url = '', path] = context.split('#', 2)
  const definition = await byCanonical(library, 'StructureDefinition', url)
  if (!definition) throw new NotFound(`The context ${url} is not the url of a StructureDefinition that is known here`)
  const element = definition.snapshot?.element?.find((one) => one.id === path || one.path === path)
  const bound = element?.binding?.valueSet
  if (!bound) throw new NotFound(`The context ${context} is not an element that is bound to a value set`)
  return bound
}
