import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, type Logger, secondMs } from '@bakehouse/base';
import type { Lease } from '@bakehouse/domain';
import { apiError } from '@bakehouse/domain';
import type { ActiveServer, Candidate, Elected } from '@bakehouse/metadata-postgres';
import { forwardedHeader, forwardRequest } from './forward-request.ts';

type Standing = Pick<Candidate, 'elected' | 'holder' | 'problem'>;

export interface LeadershipOptions {
  readonly platform: { candidate(address: string): Standing };
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What this server does with requests: forwards them as a standby, becomes active and holds them, serves them. */
type Role =
  | { readonly name: 'standby'; readonly candidate: Standing }
  | { readonly name: 'starting' }
  | { readonly name: 'active' };

interface RoleStatus {
  readonly role: Role['name'];
  readonly active?: string;
  readonly problems?: readonly string[];
}

/** How long a request waits while no server is active; longer than a lease. */
const waitMs = 25 * secondMs;
const pollMs = 100;

/** One of the servers that share a database: active by a lease, or its standby. */
export class Leadership {
  readonly #options: LeadershipOptions;
  #role: Role = { name: 'starting' };

  constructor(options: LeadershipOptions) {
    this.#options = options;
  }

  /**
   * For healthz: the role, where the active server is when that is another one, and what keeps a standby from its
   * database.
   */
  get status(): RoleStatus {
    const active = this.#activeServer?.address;
    const problem = this.#role.name === 'standby' ? this.#role.candidate.problem : undefined;
    return {
      role: this.#role.name,
      ...(active ? { active } : {}),
      ...(problem ? { problems: [problem] } : {}),
    };
  }

  /** The other server that is active; undefined when none is known. */
  get #activeServer(): ActiveServer | undefined {
    return this.#role.name === 'standby' ? this.#role.candidate.holder : undefined;
  }

  /** A standby at the address until this server has the lease. */
  async elected(address: string, signal: AbortSignal): Promise<Elected> {
    const candidate = this.#options.platform.candidate(address);
    this.#role = { name: 'standby', candidate };
    const elected = await candidate.elected(signal);
    this.#role = { name: 'starting' };
    return elected;
  }

  /** Resolves with true when another server is known to be active, with false when this one is. */
  async isStandby(signal: AbortSignal): Promise<boolean> {
    for (;;) {
      if (this.#role.name === 'active') return false;
      if (this.#activeServer) return true;
      await this.#options.clock.sleep(pollMs, signal);
    }
  }

  /** From now on this server serves requests itself. */
  activate(lease: Lease): void {
    this.#role = { name: 'active' };
    this.#options.logger.log('info', 'this server is the active one', { epoch: lease.epoch });
  }

  /** See `Divert`: undefined or false when this server is the one to answer. */
  divert(request: IncomingMessage, response: ServerResponse): Promise<boolean> | undefined {
    return this.#role.name === 'active' ? undefined : this.#place(request, response);
  }

  /**
   * Forwards the request to the active server. While there is none, or it cannot be reached, the request waits: unread,
   * so that nothing is done twice.
   */
  async #place(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const { clock } = this.#options;
    const isForwarded = request.headers[forwardedHeader] !== undefined;
    for (const endsAt = clock.elapsed() + waitMs; clock.elapsed() < endsAt; ) {
      if (response.destroyed) return true;
      if (this.#role.name === 'active') return false;
      const active = this.#activeServer;
      if (active && !isForwarded && (await this.#forward(request, response, active))) return true;
      await clock.sleep(pollMs);
    }
    throw apiError('Unavailable', {
      message: 'No server of this platform is active now; try again later',
    });
  }

  /** A server whose host is gone never replies: what was forwarded to it ends when its turn has. */
  async #forward(
    request: IncomingMessage,
    response: ServerResponse,
    active: ActiveServer,
  ): Promise<boolean> {
    const ended = new AbortController();
    const timer = setInterval(() => {
      if (this.#hasEnded(active)) ended.abort();
    }, pollMs);
    try {
      return await forwardRequest(request, response, active.address, ended.signal);
    } finally {
      clearInterval(timer);
    }
  }

  #hasEnded({ epoch, address }: ActiveServer): boolean {
    if (this.#role.name !== 'standby') return true;
    const { holder } = this.#role.candidate;
    // Unknown while only this server cannot reach the database: the other may work all the same.
    return holder !== undefined && (holder.epoch !== epoch || holder.address !== address);
  }
}
