/** Tests of the package of the same name. */
@NullMarked
package io.safeprobe.shell.session;

import org.jspecify.annotations.NullMarked;
