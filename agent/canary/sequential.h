/* SPDX-License-Identifier: Apache-2.0
 * canary/sequential.h - what a difference may be, however often one looks: the always-valid normal mixture (mSPRT).
 *
 * A difference that is estimated better and better, with variance V now, lies within the half-width
 *     sqrt(2 V (V + t^2) / t^2 * ln(sqrt((V + t^2) / V) / alpha))
 * of the truth at all times at once with probability 1 - alpha. t says where the bound is tightest, not what is true.
 * It holds exactly for normal values of known variance. Here V is estimated, so it holds as n grows; README.md has what
 * that comes to in simulations.
 * Source: Robbins 1970; Johari, Pekelis and Walsh 2015 (the form with t); Waudby-Smith et al. 2021 (estimated V).
 */
#ifndef PLIMSOLL_CANARY_SEQUENTIAL_H
#define PLIMSOLL_CANARY_SEQUENTIAL_H

/* variance > 0, tau > 0, alpha in (0, 1). */
double sequential_half_width(double variance, double tau, double alpha);

/* The variance at which the half-width is that wide; width > 0. */
double sequential_variance(double width, double tau, double alpha);

#endif
