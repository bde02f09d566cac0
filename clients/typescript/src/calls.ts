// The four kinds of calls over grpc-js, with promises and async iterables.
import type { DescMessage, DescMethod, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { GenService, GenServiceMethods } from "@bufbuild/protobuf/codegenv2";
import { Metadata } from "@grpc/grpc-js";
import type { CallOptions as GrpcCallOptions, Client } from "@grpc/grpc-js";
import { MeshError } from "./errors.js";
import { methodDefinition } from "./grpc.js";

/** What can be said of one call. */
export interface CallOptions {
  /** How long it may take, in milliseconds. Calls that end by themselves have the client's; streams have none. */
  readonly timeoutMs?: number;
  /** Ends the call. */
  readonly signal?: AbortSignal;
  /** Headers beside the token. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Messages that the caller sends. */
export type Messages<I extends DescMessage> = AsyncIterable<MessageInitShape<I>> | Iterable<MessageInitShape<I>>;

/** One method of a service, as it is called. */
export type Call<M> = M extends { methodKind: infer K; input: infer I extends DescMessage; output: infer O extends DescMessage }
  ? K extends "unary" ? (request: MessageInitShape<I>, options?: CallOptions) => Promise<MessageShape<O>>
  : K extends "server_streaming" ? (request: MessageInitShape<I>, options?: CallOptions) => AsyncIterable<MessageShape<O>>
  : K extends "client_streaming" ? (requests: Messages<I>, options?: CallOptions) => Promise<MessageShape<O>>
  : (requests: Messages<I>, options?: CallOptions) => AsyncIterable<MessageShape<O>>
  : never;

/** A service with all of its methods. */
export type ServiceClient<S> = S extends GenService<infer M extends GenServiceMethods> ? { readonly [K in keyof M]: Call<M[K]> } : never;

/** What each call of a client gets. */
export interface CallDefaults {
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** The methods of one service over a connection. */
export function serviceClient<S extends DescService>(client: Client, service: S, defaults: CallDefaults): ServiceClient<S> {
  return Object.fromEntries(service.methods.map((method) => [method.localName, caller(client, method, defaults)])) as ServiceClient<S>;
}

function caller(client: Client, method: DescMethod, defaults: CallDefaults): unknown {
  const { path, requestSerialize, responseDeserialize } = methodDefinition(method);
  type Request = Parameters<typeof requestSerialize>[0];
  type Response = ReturnType<typeof responseDeserialize>;

  const start = (options: CallOptions, timeoutMs: number | undefined): [Metadata, GrpcCallOptions] => {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries({ ...defaults.headers, ...options.headers })) metadata.set(name, value);
    const wait = options.timeoutMs ?? timeoutMs;
    return [metadata, wait === undefined ? {} : { deadline: Date.now() + wait }];
  };

  switch (method.methodKind) {
    case "unary":
      return (request: Request, options: CallOptions = {}) =>
        new Promise<Response>((resolve, reject) => {
          const call = client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, ...start(options, defaults.timeoutMs), settle(resolve, reject));
          endWith(call, options.signal);
        });
    case "client_streaming":
      return (requests: Messages<DescMessage>, options: CallOptions = {}) =>
        new Promise<Response>((resolve, reject) => {
          const call = client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, ...start(options, undefined), settle(resolve, reject));
          endWith(call, options.signal);
          send(call, requests).catch((error: unknown) => {
            reject(error);
            call.cancel();
          });
        });
    case "server_streaming":
      return (request: Request, options: CallOptions = {}) => {
        const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, ...start(options, undefined));
        endWith(call, options.signal);
        return receive(call);
      };
    case "bidi_streaming":
      return (requests: Messages<DescMessage>, options: CallOptions = {}) => {
        const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, ...start(options, undefined));
        endWith(call, options.signal);
        send(call, requests).catch((error: unknown) => call.destroy(error as Error));
        return receive(call);
      };
  }
}

interface Cancellable {
  cancel(): void;
  once(event: "status", listener: () => void): unknown;
}

interface Sink {
  write(message: unknown): boolean;
  end(): void;
  readonly destroyed?: boolean;
  readonly writableFinished?: boolean;
  once(event: "drain" | "close" | "error" | "status", listener: () => void): unknown;
  off(event: "drain" | "close" | "error" | "status", listener: () => void): unknown;
}

function settle<R>(resolve: (response: R) => void, reject: (error: MeshError) => void) {
  return (error: unknown, response: R | undefined) => (error ? reject(MeshError.from(error)) : resolve(response as R));
}

function endWith(call: Cancellable, signal: AbortSignal | undefined): void {
  if (!signal) return;
  const cancel = () => call.cancel();
  if (signal.aborted) cancel();
  signal.addEventListener("abort", cancel, { once: true });
  call.once("status", () => signal.removeEventListener("abort", cancel));
}

/** Sends at the speed of the receiver, until the messages or the call end. */
async function send(call: Sink, messages: Messages<DescMessage>): Promise<void> {
  let over = false;
  call.once("status", () => (over = true));
  for await (const message of messages) {
    if (over || call.destroyed) return;
    if (!call.write(message)) await writable(call);
  }
  if (!over) call.end();
}

function writable(call: Sink): Promise<void> {
  return new Promise((resolve) => {
    const events = ["drain", "close", "error", "status"] as const;
    const done = () => {
      for (const event of events) call.off(event, done);
      resolve();
    };
    for (const event of events) call.once(event, done);
  });
}

/** What comes in; whoever stops reading ends the call. */
async function* receive<T>(call: AsyncIterable<T> & { cancel(): void; on(event: "error", listener: () => void): unknown }): AsyncGenerator<T, void, undefined> {
  call.on("error", () => {}); // Without a listener, the error of a call that nobody reads any more would end the program.
  try {
    for await (const message of call) yield message;
  } catch (error) {
    throw MeshError.from(error);
  } finally {
    call.cancel();
  }
}
