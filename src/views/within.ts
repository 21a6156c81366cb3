import { type Path, wrong } from './definition.js'
import { Unfit } from './unfit.js'

/**
 * Compiles an expression of a view.
 * @param label  what the expression is for: `Column family`
 * @throws Unprocessable  names the expression at fault (422)
 */
export function within<T>({ path, at }: Path, label: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (!(cause instanceof Unfit)) throw cause
    const shown = path.length > 200 ? `${path.slice(0, 200)}…` : path
    throw wrong(`${label}: '${shown}' ${cause.message}`, at)
  }
}
