import { Forbidden, Invalid } from '../../../base/errors.js'
import { load, loaders } from '../../../terminology/load.js'
import { pathsBelow } from '../../../terminology/release/below.js'
import { outcomeText } from '../../answers.js'
import { Direct, operation } from '../../operation.js'
import { LoadTask } from './load-task.js'

/**
 * Loads the release of a code system from files that lie on the server, in the folder that is set for that, while the
 * server serves. What it does is told by a Task.
 *
 * @throws Forbidden  no folder is set, or the files are not in it (403)
 * @throws Invalid    there is no such loader (400)
 */
export const loadTerminology = operation({
  code: 'load-terminology',
  title: 'Load a code system',
  description:
    'Loads the release of a code system, as it was published, from files on the server. Answers 202 at once; Content-Location names the Task that tells how far it is. What was loaded of the same version stays until the new content is whole.',
  on: { levels: ['system'] },
  affectsState: true,
  needs: { letters: ['c', 'r', 'u', 'd', 's'], of: 'all' },
  in: { name: '1..1 code', path: '1..* string', version: '0..1 string' },
  out: { return: '1..1 OperationOutcome' },
  about: {
    name: `Which: ${loaders.map(({ name }) => name).join(', ')}`,
    path: 'A file, folder or zip archive, in the folder INGLE_TERMINOLOGY_DIR of the server',
    version: 'Where the files do not tell it, or tell another',
  },

  async handle({ core: { config, store }, ctx, exchange, params: { name, path, version } }) {
    if (config.terminologyDir === undefined)
      throw new Forbidden('Files are loaded only from the folder INGLE_TERMINOLOGY_DIR, which is not set here')
    if (!loaders.some((one) => one.name === name))
      throw new Invalid(`name: there is no loader ${name}; there are ${loaders.map((one) => one.name).join(', ')}`)
    const paths = await pathsBelow(config.terminologyDir, path)
    const task = await LoadTask.open(store, ctx.tenant, { name, paths: path, version })
    // It goes on after the answer; whatever becomes of it, the Task has it.
    load(store.db, { name, paths, version, tenant: ctx.tenant }, (line) => task.note(line)).then(
      (loaded) => task.completed(loaded),
      (cause) => task.failed(cause, ctx.log),
    )
    return new Direct({
      status: 202,
      headers: { 'Content-Location': `${exchange.base}/Task/${task.id}` },
      body: outcomeText('information', 'informational', `The load has begun; Task/${task.id} says how far it is`),
    })
  },
})
