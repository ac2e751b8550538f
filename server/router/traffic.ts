// What went through the router, counted: later requests of apps leave no entry, only a number.

export interface TrafficCounts {
  /** By host name; names that nobody registered are counted together under an empty one. */
  requests: Record<string, number>;
  /** By class: `2xx`, `5xx`, … */
  responses: Record<string, number>;
  /** Requests for names that nobody registered. */
  bad_requests: number;
  /** Requests whose endpoint failed. */
  bad_gateways: number;
}

export class Traffic {
  readonly #requests = new Map<string, number>();
  readonly #responses = new Map<string, number>();
  #badRequests = 0;
  #badGateways = 0;

  /** `known` is false for names that a client made up: counted one by one they could fill the memory. */
  began(uri: string, known: boolean): void {
    const key = known ? uri : '';
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1);
  }

  ended(status: number): void {
    const key = `${Math.floor(status / 100)}xx`;
    this.#responses.set(key, (this.#responses.get(key) ?? 0) + 1);
  }

  badRequest(): void {
    this.#badRequests += 1;
  }

  badGateway(): void {
    this.#badGateways += 1;
  }

  counts(): TrafficCounts {
    return {
      requests: Object.fromEntries(this.#requests),
      responses: Object.fromEntries(this.#responses),
      bad_requests: this.#badRequests,
      bad_gateways: this.#badGateways,
    };
  }
}
