import { totalmem } from 'node:os'

/**
 * What `ingle.conf` says; `ALTER SYSTEM` overrides it. Chosen for many small writes and index lookups.
 *
 * @param maxConnections  sessions of all our processes together, with some to spare for people
 * @param durable         false only where everything is thrown away afterwards, as in tests
 */
export function settingsFile(maxConnections: number, durable: boolean): string {
  const settings: Record<string, string | number> = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '.', // the database folder itself, which only its owner may enter
    max_connections: maxConnections,

    shared_buffers: `${megabytes(0.25, 128, 2048)}MB`,
    effective_cache_size: `${megabytes(0.6, 256, 65_536)}MB`,
    work_mem: '8MB',
    maintenance_work_mem: '256MB',
    huge_pages: 'try',
    dynamic_shared_memory_type: 'posix',

    max_wal_size: '4GB',
    min_wal_size: '1GB',
    checkpoint_timeout: '15min',
    checkpoint_completion_target: 0.9,
    wal_compression: 'off',
    synchronous_commit: durable ? 'on' : 'off',
    fsync: durable ? 'on' : 'off',
    full_page_writes: durable ? 'on' : 'off',

    jit: 'off', // compiling costs more than our statements run
    random_page_cost: 1.1,
    max_parallel_workers_per_gather: 0,
    gin_pending_list_limit: '256kB', // a search reads the whole list, so it stays short

    // Tables grow at the end and are seldom updated: keep the visibility map and the statistics up with the inserts.
    autovacuum_naptime: '20s',
    autovacuum_vacuum_scale_factor: 0.1,
    autovacuum_vacuum_insert_scale_factor: 0.1,
    autovacuum_analyze_scale_factor: 0.05,

    // What `$statements` tells. Utility statements are left out: their texts may hold values.
    shared_preload_libraries: 'pg_stat_statements',
    'pg_stat_statements.track_utility': 'off',
    'pg_stat_statements.max': 2000,

    timezone: 'UTC',
    log_timezone: 'UTC',
    logging_collector: 'on',
    log_filename: 'postgresql-%a.log', // a week, then the day's file starts afresh
    log_truncate_on_rotation: 'on',
    log_rotation_age: '1d',
    log_min_error_statement: 'panic', // statements hold patients' data
    log_error_verbosity: 'terse', // and so does DETAIL
    log_parameter_max_length_on_error: 0,
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'`)
  return [
    '# Written at every start; your own settings belong into postgresql.auto.conf (ALTER SYSTEM).',
    ...lines,
    '',
  ].join('\n')
}

/** A share of the memory that this process may use, which in a container is less than the machine's. */
function megabytes(share: number, least: number, most: number): number {
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY
  const available = Math.min(totalmem(), limit) / 1024 ** 2
  return Math.round(Math.min(most, Math.max(least, available * share)))
}
