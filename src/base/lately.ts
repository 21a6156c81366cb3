/** What was used lately, up to a weight; beyond it what was not used for longest is forgotten, but never the newest. */
export class Lately<V> {
  private readonly kept = new Map<string, { value: V; weight: number }>()
  private total = 0

  constructor(private readonly most: number) {}

  get(key: string): V | undefined {
    const found = this.kept.get(key)
    if (!found) return undefined
    this.kept.delete(key) // to the end of the map: its first key is always the one used longest ago
    this.kept.set(key, found)
    return found.value
  }

  set(key: string, value: V, weight: number) {
    this.delete(key)
    this.kept.set(key, { value, weight })
    this.total += weight
    for (const oldest of this.kept.keys()) {
      if (this.total <= this.most || oldest === key) break
      this.delete(oldest)
    }
  }

  delete(key: string) {
    this.total -= this.kept.get(key)?.weight ?? 0
    this.kept.delete(key)
  }
}
