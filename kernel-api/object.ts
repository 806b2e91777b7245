// SPDX-License-Identifier: MIT
/** What primitives that several threads share have in common: an id, an address, a reference of this thread's. */
import { Call, c, check, KernelError, Kind } from './library.js';
import { type Closable, closed, type Handle, opened, portCall, thePort } from './port.js';

export abstract class SharedObject<K extends keyof typeof Kind> implements Closable {
  readonly #kind: K;
  readonly #id: number;
  #address: bigint | null;

  /** @internal a new one, or with @handle a reference to one of another thread's */
  protected constructor(kind: K, handle?: Handle<K>, name = kind as string, arg = 0) {
    const port = thePort();
    this.#kind = kind;
    if (handle && (handle.kind !== kind || !Number.isSafeInteger(handle.id)))
      throw new TypeError(`the handle is of a ${String(handle.kind)}, should be of a ${kind}`);
    const made = Number(
      handle
        ? c.objectShare(port.address, handle.id, Kind[kind])
        : c.objectNew(port.address, Kind[kind], name, arg),
    );
    check(
      made,
      made === -2 ? `this ${kind} was disposed of` : `no ${kind} can be made; there may be 4096 of all kinds`,
    );
    this.#id = made;
    this.#address = c.objectAddress(made, Kind[kind]) as bigint | null;
    opened(this);
  }

  /** Names it in another thread: `postMessage(x.handle)`, and there `X.from(handle)`. */
  get handle(): Handle<K> {
    return { kind: this.#kind, id: this.id };
  }

  /**
   * Where the kernel's struct lies, for functions of modules: `void demo_wait(void *completion)`. Valid until dispose().
   */
  get address(): bigint {
    if (this.#address === null) throw new KernelError(22, `this ${this.#kind} was disposed of`);
    return this.#address;
  }

  protected get id(): number {
    this.address;
    return this.#id;
  }

  get disposed(): boolean {
    return this.#address === null;
  }

  /** Blocks nothing, since nobody waits for it or holds it: else EBUSY. */
  protected put(): void {
    check(
      c.objectPut(thePort().address, this.id) as number,
      `this ${this.#kind} is in use: somebody waits for it or holds it`,
    );
    this.gone();
  }

  /** The same for one whose end takes its time. */
  protected async putAsync(): Promise<void> {
    const { id } = this;
    this.gone();
    check(await portCall(Call.put, id), `this ${this.#kind} cannot be given back`);
  }

  protected gone(): void {
    this.#address = null;
    closed(this);
  }

  /** @internal at the kernel's end */
  abstract close(): void | Promise<void>;
}
