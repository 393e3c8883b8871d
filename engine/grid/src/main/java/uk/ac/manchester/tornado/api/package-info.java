/**
 * A stand-in for the part of TornadoVM's interface that the backend calls, with which its kernels run on the JVM, where there is no SDK. It is
 * written for tests, from what the backend calls, and never ships. A launch runs every lane of every work-group, and where a device is strict or
 * leaves things open this is no kinder: what was not sent is not there, memory that nobody wrote holds NaN, arguments may change while earlier
 * kernels wait, barriers are for all lanes of a group, and lanes between them run in one order or the other.
 */
@NullMarked
package uk.ac.manchester.tornado.api;

import org.jspecify.annotations.NullMarked;
