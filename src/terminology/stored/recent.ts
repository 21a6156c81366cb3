/** What was asked for lately, up to a size; what was used longest ago goes first. */
export class Recent<T> {
  private readonly kept = new Map<string, { value: T; size: number }>()
  private size = 0

  /** @param most  in the unit of the sizes */
  constructor(private readonly most: number) {}

  get(key: string): T | undefined {
    const found = this.kept.get(key)
    if (!found) return undefined
    this.kept.delete(key) // to the end of the map: its first key is always the one used longest ago
    this.kept.set(key, found)
    return found.value
  }

  set(key: string, value: T, size: number): void {
    if (size > this.most / 8 || this.kept.has(key)) return
    this.kept.set(key, { value, size })
    this.size += size
    for (const [oldest, { size: freed }] of this.kept) {
      if (this.size <= this.most) return
      this.kept.delete(oldest)
      this.size -= freed
    }
  }
}
