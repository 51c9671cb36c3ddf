import { close, constants, fdatasync, ftruncate, open, write } from 'node:fs';
import { ioError } from './folder.ts';

const { O_CREAT, O_DSYNC, O_RDWR, O_TRUNC } = constants;

/**
 * A file that is appended to. It uses callbacks because fs/promises costs several times as much CPU per call, and never the
 * synchronous calls, which block the event loop for as long as the disk takes.
 *
 * The file is opened with O_DSYNC, so each write is followed by its own fdatasync (open(2)): the same disk work with one
 * thread-pool call instead of two.
 */
export class AppendFile {
  /** For error messages. Changes when the file is renamed. */
  path: string;
  readonly #fd: number;
  /** Where the next byte goes. */
  position: number;

  private constructor(path: string, fd: number, position: number) {
    this.path = path;
    this.#fd = fd;
    this.position = position;
  }

  /** Opens a file for writing from `position` on; creates it (0600) when that is 0. */
  static open(path: string, position: number): Promise<AppendFile> {
    return new Promise((resolve, reject) => {
      // Not O_APPEND: after a failed write, the next one starts where the failed one started.
      const flags = O_RDWR | O_DSYNC | (position === 0 ? O_CREAT | O_TRUNC : 0);
      open(path, flags, 0o600, (error, fd) => {
        if (error) reject(error);
        else resolve(new AppendFile(path, fd, position));
      });
    });
  }

  /** Writes all bytes at the position, durably, and advances it. After an error, some of them may have been written. */
  append(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      let done = 0;
      const step = () =>
        write(this.#fd, bytes, done, bytes.length - done, this.position + done, (error, written) => {
          if (error) {
            reject(error);
            return;
          }
          done += written;
          if (done < bytes.length) {
            step();
            return;
          }
          this.position += done;
          resolve();
        });
      step();
    });
  }

  /** fdatasync after a truncation, or of writes by an earlier process. @throws PoolError `data_io`: do not continue */
  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(this.#fd, (error) => {
        if (error) reject(ioError(`sync ${this.path}`, error));
        else resolve();
      });
    });
  }

  /** Truncates the file at the position: removes what a failed append left. */
  truncate(): Promise<void> {
    return new Promise((resolve, reject) =>
      ftruncate(this.#fd, this.position, (error) => (error ? reject(error) : resolve())),
    );
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => close(this.#fd, (error) => (error ? reject(error) : resolve())));
  }
}
