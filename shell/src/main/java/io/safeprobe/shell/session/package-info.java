/** What is open, and what is done with it. */
@NullMarked
package io.safeprobe.shell.session;

import org.jspecify.annotations.NullMarked;
