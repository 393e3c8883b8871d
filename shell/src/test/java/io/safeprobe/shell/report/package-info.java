/** Tests of the package of the same name. */
@NullMarked
package io.safeprobe.shell.report;

import org.jspecify.annotations.NullMarked;
