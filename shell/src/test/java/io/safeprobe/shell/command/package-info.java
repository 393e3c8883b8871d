/** Tests of the package of the same name. */
@NullMarked
package io.safeprobe.shell.command;

import org.jspecify.annotations.NullMarked;
