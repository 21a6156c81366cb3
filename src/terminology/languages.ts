/** How much of two tags has to be the same: all, language and region, or the language alone. */
export type Likeness = 'full' | 'region' | 'language'

/** From the closest on. */
export const LIKENESSES: readonly Likeness[] = ['full', 'region', 'language']

interface Tag {
  readonly text: string
  readonly language: string
  /** With extended language, script and region: `zh-hant-tw` */
  readonly region: string
  readonly full: string
}

interface Range extends Tag {
  /** Weight, 0 to 1; what is 0 is not wanted at all. */
  readonly q: number
}

/** The languages that somebody wants, the most wanted first; as `Accept-Language` has them: `de-AT, de;q=0.8, *;q=0.1`. */
export class Languages {
  private constructor(private readonly ranges: readonly Range[]) {}

  /** @returns undefined  a range is none, or there is none */
  static read(text: string): Languages | undefined {
    const ranges: Range[] = []
    for (const one of text.split(',')) {
      const [, tag, q = '1'] = RANGE.exec(one.trim()) ?? []
      if (tag === undefined) return undefined
      ranges.push({ ...tagOf(tag), q: Number(q) })
    }
    return new Languages(ranges.sort((a, b) => b.q - a.q))
  }

  /**
   * Those of a header, where what is no range is passed over: nobody is refused for what their browser sends.
   * @returns undefined  it says nothing; any language, `*`, is the same
   */
  static ofHeader(header: string | undefined): Languages | undefined {
    if (header === undefined || header === '*') return undefined
    const ranges = header.split(',').filter((one) => RANGE.test(one.trim()))
    return ranges.length ? Languages.read(ranges.join()) : undefined
  }

  /** The tags that are wanted, the best first; `*` is any. */
  get tags(): readonly string[] {
    return this.ranges.filter(({ q }) => q > 0).map(({ text }) => text)
  }

  /** Whether nothing is better than another language: `de, *;q=0`. */
  get refuseOthers(): boolean {
    return this.ranges.some(({ text, q }) => text === '*' && q === 0)
  }

  /** Whether a language is one of them. */
  include(language: string, likeness: Likeness = 'language'): boolean {
    const tag = tagOf(language)
    return this.ranges.some((range) => range.q > 0 && (range.text === '*' || range[likeness] === tag[likeness]))
  }

  /** `de-AT, de` */
  toString(): string {
    return this.tags.join(', ')
  }
}

/** Whether two tags are alike. */
export const sameLanguage = (a: string, b: string, likeness: Likeness = 'language'): boolean =>
  a === '*' || tagOf(a)[likeness] === tagOf(b)[likeness]

/** https://www.rfc-editor.org/rfc/rfc9110#name-accept-language */
const RANGE = /^(\*|[a-z]{1,8}(?:-[a-z\d]{1,8})*)(?:\s*;\s*q\s*=\s*([01](?:\.\d{0,3})?))?$/i

const tags = new Map<string, Tag>()
/** Tags of requests are kept too, but not any number of them. */
const MOST_KEPT = 1000

/** https://www.rfc-editor.org/rfc/rfc5646#section-2.1 */
function tagOf(text: string): Tag {
  const known = tags.get(text)
  if (known) return known
  const full = text.toLowerCase()
  const [language = ''] = full.split('-', 1)
  const [region] = /^[a-z*]+(?:-[a-z]{3})*(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?(?=-|$)/.exec(full) ?? [full]
  const tag = { text, language, region, full }
  if (tags.size >= MOST_KEPT) tags.clear()
  tags.set(text, tag)
  return tag
}
