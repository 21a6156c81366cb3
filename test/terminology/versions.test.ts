import { describe, expect, it } from 'vitest'
import {
  brokenRule,
  decidingRule,
  type VersionRule,
  versionFits,
  wantedVersion,
} from '../../src/terminology/versions.js'

describe('a version is what is wanted', () => {
  it.each([
    ['1.0.0', '1.0.0', true],
    ['1.0', '1.0.0', false],
    ['1', '1.0.0', false],
    ['1.x', '1.0.0', true],
    ['1.x.x', '1.2.0', true],
    ['1.0.x', '1.0.7', true],
    ['1.0.x', '1.2.0', false],
    ['1.0.X', '1.0.7', true],
    ['*', '2024-01', true],
    ['2.x', '1.2.0', false],
    ['http://snomed.info/sct/1', 'http://snomed.info/sct/1/version/20250901', true],
    ['http://snomed.info/sct/1', 'http://snomed.info/sct/12/version/20250901', false],
    ['http://snomed.info/sct/1/version/20250901', 'http://snomed.info/sct/1/version/20250901', true],
    ['1.0', undefined, false],
  ])('%s: %s is %s', (wanted, version, fits) => {
    expect(versionFits(wanted, version)).toBe(fits)
  })
})

describe('rules of a request', () => {
  const rule = (mode: VersionRule['mode'], version: string, url = 'http://a'): VersionRule => ({ mode, url, version })

  it.each<[named: string | undefined, rules: VersionRule[], wanted: string | undefined]>([
    [undefined, [], undefined],
    ['1', [], '1'],
    [undefined, [rule('default', '2')], '2'],
    ['1', [rule('default', '2')], '1'],
    ['1', [rule('force', '2')], '2'],
    [undefined, [rule('check', '2')], '2'],
    ['1', [rule('check', '2')], '1'],
    [undefined, [rule('default', '2'), rule('check', '3'), rule('force', '4')], '4'],
    [undefined, [rule('force', '2', 'http://b')], undefined],
  ])('%s with %j is %s', (named, rules, wanted) => {
    expect(wantedVersion('http://a', named, rules)).toBe(wanted)
  })

  it('a version that is used has to agree with a check', () => {
    const rules = [rule('check', '1.0.x')]
    expect(brokenRule('http://a', '1.0.3', rules)).toBeUndefined()
    expect(brokenRule('http://a', '1.2.0', rules)).toBe(rules[0])
    expect(brokenRule('http://b', '1.2.0', rules)).toBeUndefined()
  })

  it('two that disagree are refused', () => {
    expect(() => decidingRule('http://a', undefined, [rule('default', '1'), rule('default', '2')])).toThrow(
      'The versions 1 and 2 are both asked for, of the one system http://a',
    )
  })
})
