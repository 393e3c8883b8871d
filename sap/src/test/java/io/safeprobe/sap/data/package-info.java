/** Tests of reading, encoding and drawing rows. */
@NullMarked
package io.safeprobe.sap.data;

import org.jspecify.annotations.NullMarked;
