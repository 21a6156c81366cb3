import { Unprocessable } from '../base/errors.js'

/** Which version of a system (or value set) a request wants: `system-version`, `check-system-version` and so on. */
export interface VersionRule {
  /** `default` where nobody names a version, `check` must agree with what is named, `force` is taken whatever is named */
  readonly mode: 'default' | 'check' | 'force'
  readonly url: string
  /** Exact, or with wildcards: `1.0.x` */
  readonly version: string
}

const WILD = /^[xX*]$/

/**
 * Whether a version is what is wanted: itself, one that a wildcard stands for (`1.x`, `1.x.x`), or of SNOMED CT one of the
 * edition (`http://snomed.info/sct/731000124108` for `…/version/20250901`).
 */
export function versionFits(wanted: string, version: string | undefined): boolean {
  if (version === undefined) return false
  if (wanted === version) return true
  if (wanted.includes('://')) return version.startsWith(`${wanted}/version/`)
  if (!isWild(wanted)) return false
  const [want, have] = [wanted.split('.'), version.split('.')]
  return have.every((one, i) => {
    const asked = want[i] ?? want.at(-1)!
    return WILD.test(asked) || (i < want.length && asked === one)
  })
}

const isWild = (version: string): boolean => version.split('.').some((part) => WILD.test(part))

/**
 * The version of a system that is asked for, by the rules of the request.
 * @param named  by a value set, or with the code itself
 * @returns undefined  no version in particular: the one that is meant by the url alone
 * @throws Unprocessable  two rules of a kind disagree (422)
 */
export function wantedVersion(
  url: string,
  named: string | undefined,
  rules: readonly VersionRule[],
): string | undefined {
  const rule = decidingRule(url, named, rules)
  return rule ? rule.version : named
}

/** The rule that decides which version that is, if one does. */
export function decidingRule(
  url: string,
  named: string | undefined,
  rules: readonly VersionRule[],
): VersionRule | undefined {
  const ours = rules.filter((rule) => rule.url === url)
  return only(ours, 'force') ?? (named === undefined ? (only(ours, 'default') ?? only(ours, 'check')) : undefined)
}

/** The rules that a version has to agree with. */
export const checksOf = (url: string, rules: readonly VersionRule[]): VersionRule[] =>
  rules.filter((rule) => rule.mode === 'check' && rule.url === url)

/** The rule that a version breaks. */
export const brokenRule = (
  url: string,
  version: string | undefined,
  rules: readonly VersionRule[],
): VersionRule | undefined => checksOf(url, rules).find((rule) => !versionFits(rule.version, version))

function only(rules: readonly VersionRule[], mode: VersionRule['mode']): VersionRule | undefined {
  const ofMode = rules.filter((rule) => rule.mode === mode)
  const versions = new Set(ofMode.map(({ version }) => version))
  if (versions.size > 1)
    throw new Unprocessable(
      `The versions ${[...versions].join(' and ')} are both asked for, of the one system ${ofMode[0]!.url}`,
    )
  return ofMode[0]
}
