import { createContext, Script } from 'node:vm'
import { TooCostly } from '../../base/errors.js'

const MOST_STEPS = 1_000_000
const MOST_REGEX_MS = 500
/** What a call costs that can be interrupted, however short it is. */
const CALL_MS = 0.1

/** What one evaluation may use up, where it keeps everything else waiting. */
export class Limits {
  private steps: number
  private regexMs: number

  constructor(
    private readonly mostSteps = MOST_STEPS,
    private readonly mostRegexMs = MOST_REGEX_MS,
  ) {
    this.steps = mostSteps
    this.regexMs = mostRegexMs
  }

  /**
   * @param steps  of the expression, or values that one of them found
   * @throws TooCostly  it was too much
   */
  spend(steps: number): void {
    this.steps -= steps
    if (this.steps < 0)
      throw new TooCostly(`The expression takes more than ${this.mostSteps} steps on what it is asked of`)
  }

  /**
   * A regular expression may backtrack for years, and only a script can be interrupted.
   * @throws TooCostly  the regular expressions of the evaluation took too much time
   */
  regex<T>(run: () => T): T {
    const started = performance.now()
    sandbox.run = run
    try {
      return script.runInContext(sandbox, { timeout: Math.max(1, Math.ceil(this.regexMs)) }) as T
    } catch (cause) {
      if ((cause as { code?: string }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw cause
      throw new TooCostly(`The regular expressions take more than ${this.mostRegexMs} ms`, { cause })
    } finally {
      sandbox.run = undefined
      this.regexMs -= Math.max(0, performance.now() - started - CALL_MS)
    }
  }
}

const sandbox: { run?: () => unknown } = createContext({})
const script = new Script('run()')
