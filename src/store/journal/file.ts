import { close, constants, fdatasync, ftruncate, open, write } from 'node:fs';
import { ioError } from './folder.ts';

const { O_CREAT, O_DSYNC, O_RDWR, O_TRUNC } = constants;

/**
 * A file that is appended to. Callbacks instead of fs/promises, which cost four times as much a call, and never the
 * sync calls, which would stop the event loop for as long as the disk takes.
 *
 * Opened with O_DSYNC, so that every write is one with the fdatasync behind it (open(2)): the same work of the disk by one
 * call of a thread instead of two, which took a fifth of the CPU of a lone caller's request.
 */
export class AppendFile {
  /** For error messages; changes when the file is renamed. */
  path: string;
  readonly #fd: number;
  /** Where the next byte goes. */
  position: number;

  private constructor(path: string, fd: number, position: number) {
    this.path = path;
    this.#fd = fd;
    this.position = position;
  }

  /** Opens a file for writing from `position` on; makes it (0600) when it is not there. */
  static open(path: string, position: number): Promise<AppendFile> {
    return new Promise((resolve, reject) => {
      // Not O_APPEND: after a failed write the next one goes to where the failed one began.
      const flags = O_RDWR | O_DSYNC | (position === 0 ? O_CREAT | O_TRUNC : 0);
      open(path, flags, 0o600, (error, fd) => {
        if (error) reject(error);
        else resolve(new AppendFile(path, fd, position));
      });
    });
  }

  /** Writes all bytes at the position, durably, and moves it on. When it fails, some of them may have been written. */
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

  /** fdatasync of what was not written here, or was cut off. @throws PoolError `data_io`, whatever the reason: nobody goes on after that. */
  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(this.#fd, (error) => {
        if (error) reject(ioError(`sync ${this.path}`, error));
        else resolve();
      });
    });
  }

  /** Cuts the file at the position: takes back what a failed append left. */
  truncate(): Promise<void> {
    return new Promise((resolve, reject) =>
      ftruncate(this.#fd, this.position, (error) => (error ? reject(error) : resolve())),
    );
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => close(this.#fd, (error) => (error ? reject(error) : resolve())));
  }
}
