/** The commands, one a file. */
@NullMarked
package io.safeprobe.shell.command;

import org.jspecify.annotations.NullMarked;
