import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../src/base/root.js'
import type { Given } from '../rest/server.js'

/** The resources of docs/example.ndjson, which the examples of the documentation are about, as entries of a transaction. */
export const examples = readFileSync(join(root, 'docs', 'example.ndjson'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => {
    const resource = JSON.parse(line) as Given
    return { resource, request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` } }
  })
