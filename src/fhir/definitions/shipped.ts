import { join } from 'node:path'
import { root } from '../../base/root.js'
import type { Library } from '../library.js'
import { Archive } from './archive.js'

let opened: Archive | undefined

/** The conformance resources of FHIR R4 and of HL7 Terminology, read from build/library.archive as they are asked for. */
export function archive(): Archive {
  try {
    opened ??= new Archive(join(root, 'build', 'library.archive'))
    return opened
  } catch (cause) {
    throw new Error(
      'build/library.archive, the conformance resources of FHIR R4, cannot be read: run `npm run build`',
      {
        cause,
      },
    )
  }
}

/** What the server knows before anybody stored anything. Nothing in it has a logical id here. */
export const shipped: Library = {
  get revision() {
    return archive().revision
  },
  withUrl: async (type, url) => archive().withUrl(type, url),
  urls: async (type) => archive().urls(type),
  withId: async () => undefined,
}
