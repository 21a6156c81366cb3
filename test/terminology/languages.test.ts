import { describe, expect, it } from 'vitest'
import { Languages } from '../../src/terminology/languages.js'

// https://www.rfc-editor.org/rfc/rfc9110#name-accept-language

describe('languages that are wanted', () => {
  it.each([
    ['de', 'de'],
    ['en, en-AU', 'en, en-AU'],
    ['fr;q=0.4, de-AT', 'de-AT, fr'],
    ['de, *;q=0', 'de'],
    ['zh-Hant-TW', 'zh-Hant-TW'],
  ])('%s is %s', (text, tags) => expect(String(Languages.read(text))).toBe(tags))

  it.each(['-', '', 'de,', 'de;q=2', 'de_AT', 'a b'])('%j is none', (text) =>
    expect(Languages.read(text)).toBeUndefined(),
  )

  it.each([
    ['de', 'de-AT', 'language', true],
    ['de', 'de-AT', 'region', false],
    ['de-AT', 'de', 'language', true],
    ['de-AT', 'DE-at', 'full', true],
    ['de-AT', 'de-AT-1996', 'region', true],
    ['de-AT', 'de-AT-1996', 'full', false],
    ['*', 'tlh', 'full', true],
    ['de;q=0', 'de', 'language', false],
  ] as const)('%s includes %s by %s: %s', (text, language, likeness, included) =>
    expect(Languages.read(text)!.include(language, likeness)).toBe(included),
  )

  it('of a header are those that can be read', () => {
    expect(String(Languages.ofHeader('de, ???, fr'))).toBe('de, fr')
    expect(Languages.ofHeader('*')).toBeUndefined()
    expect(Languages.ofHeader(undefined)).toBeUndefined()
  })
})
