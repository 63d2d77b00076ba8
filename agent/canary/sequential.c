/* SPDX-License-Identifier: Apache-2.0
 * canary/sequential.c - the bound, and its inverse by bisection.
 */
#include "agent/canary/sequential.h"

#include <math.h>

#define LEAST_VARIANCE 1e-18
#define STEPS          80

double sequential_half_width(double variance, double tau, double alpha)
{
	double t2 = tau * tau, sum = variance + t2;

	return sqrt(2 * variance * sum / t2 * log(sqrt(sum / variance) / alpha));
}

double sequential_variance(double width, double tau, double alpha)
{
	double low = log(LEAST_VARIANCE), high = log(width * width); /* the half-width is more than one sigma */

	if (high <= low)
		return LEAST_VARIANCE;
	for (int i = 0; i < STEPS; i++) {
		double middle = (low + high) / 2;
		if (sequential_half_width(exp(middle), tau, alpha) < width)
			low = middle;
		else
			high = middle;
	}
	return exp(low);
}
