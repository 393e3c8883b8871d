/** What a person or another program reads: text, tables, JSON. */
@NullMarked
package io.safeprobe.shell.report;

import org.jspecify.annotations.NullMarked;
