"""Reference answers of the problem sets, by set and name: what the graders must give every point."""

ANSWERS = {
    1: {
        "score": """def score(y, m, variance, t):
    gamma2 = np.exp(-2 * t) * variance + 1 - np.exp(-2 * t)
    return (-y + np.exp(-t) * m * np.tanh(np.exp(-t) * m * y / gamma2)) / gamma2""",
        "posterior_mean": """def posterior_mean(y, m, variance, t):
    return np.exp(t) * (y + (1 - np.exp(-2 * t)) * score(y, m, variance, t))""",
        "training_loss": """def training_loss(A, U, V, t):
    d, p = A.shape
    delta = 1 - np.exp(-2 * t)
    return 1 + delta / (d * p) * np.trace(A @ U @ A.T) + 2 * np.sqrt(delta) / (d * np.sqrt(p)) * np.trace(A @ V)""",
        "readout": """def readout(U, V, tau, t):
    p, d = V.shape
    delta = 1 - np.exp(-2 * t)
    lam, modes = np.linalg.eigh(U)
    kept = -np.expm1(-2 * delta * lam * tau * d / p) / lam
    return -np.sqrt(p / delta) * (modes * kept @ modes.T @ V).T""",
        "slowest": """def slowest(U, psi_p, t):
    return psi_p / (2 * (1 - np.exp(-2 * t)) * np.linalg.eigvalsh(U)[0])""",
    },
    2: {
        "stieltjes": """def stieltjes(z, c):
    low, high = edges(c)
    root = np.sqrt(z - low + 0j) * np.sqrt(z - high + 0j)
    return (root - (z - (1 - c))) / (2 * c * z)""",
        "edges": """def edges(c):
    return np.array([(1 - np.sqrt(c)) ** 2, (1 + np.sqrt(c)) ** 2])""",
        "atom": """def atom(c):
    return max(0.0, 1 - 1 / c)""",
        "density": """def density(lam, c):
    low, high = edges(c)
    return np.sqrt(np.maximum((lam - low) * (high - lam), 0)) / (2 * np.pi * c * lam)""",
        "four_numbers": """def four_numbers(name, t):
    function = {"tanh": np.tanh, "erf": erf, "relu": lambda x: np.maximum(x, 0)}[name]
    x, weight = np.polynomial.legendre.leggauss(2000)
    x, weight = 5 * (x + 1), 5 * weight  # halves, since relu has a corner at 0
    x, weight = np.concatenate([-x, x]), np.concatenate([weight, weight])
    weight = weight * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    delta = 1 - np.exp(-2 * t)
    a, mean, square = weight @ (x * function(x)), weight @ function(x), weight @ function(x) ** 2
    coefficients, last, now = [], np.zeros_like(x), np.ones_like(x)
    for k in range(60):  # normalised Hermite functions: no factorial overflows
        coefficients.append(weight @ (now * function(x)))
        last, now = now, (x * now - np.sqrt(k) * last) / np.sqrt(k + 1)
    powers = np.array(coefficients) ** 2
    rho = np.exp(-2 * t)
    v2 = np.sum(powers[2:] * rho ** np.arange(2, 60))
    return a, np.sqrt(delta) * a, v2, square - mean**2 - a**2 - v2""",
    },
    3: {
        "residuals": """def residuals(q, delta, z, psi_p, psi_n, alpha2, b2, v2, s2):
    h = b2 + alpha2 / (1 + delta)
    first = s2 - z + v2 / (1 + delta) + h / (1 + psi_p * q * h) - 1 / q
    second = psi_p / psi_n * (v2 * q + alpha2 * q / (1 + psi_p * q * h)) - delta
    return np.array([first, second])""",
        "resolvent": """def resolvent(z, psi_p, psi_n, alpha2, b2, v2, s2):
    far = z + 100j * (1 if np.imag(z) >= 0 else -1)  # there q is -1/z, and delta small
    q, delta = -1 / far, 0j
    for step in np.linspace(1, 0, 400) ** 3:
        at = z + step * (far - z)
        for _ in range(8):
            value = residuals(q, delta, at, psi_p, psi_n, alpha2, b2, v2, s2)
            shift = 1e-7
            left = (residuals(q + shift, delta, at, psi_p, psi_n, alpha2, b2, v2, s2) - value) / shift
            right = (residuals(q, delta + shift, at, psi_p, psi_n, alpha2, b2, v2, s2) - value) / shift
            dq, ddelta = np.linalg.solve(np.array([left, right]).T, -value)
            q, delta = q + dq, delta + ddelta
    return q""",
        "block_eigenvalues": """def block_eigenvalues(lam, psi_p, psi_n, alpha2, b2, v2):
    trace, determinant = alpha2 * lam + b2 + v2 / psi_n, b2 * v2 / psi_n
    root = np.sqrt(trace**2 - 4 * determinant)
    return psi_p / 2 * np.array([trace - root, trace + root])""",
        "plateau": """def plateau(psi_n, t):
    return linear_plateau(RandomFeatureModel(activations.erf, psi_p=4, psi_n=psi_n, t=t))""",
        "samples_needed": """def samples_needed(ratio):
    def excess(log_psi_n):
        times = curve_times(RandomFeatureModel(activations.tanh, psi_p=1e4, psi_n=np.exp(log_psi_n), t=0.1))
        return np.log(times.tau_mem / times.tau_gen / ratio)

    return np.exp(brentq(excess, np.log(1.0), np.log(100.0), xtol=1e-3))""",
    },
}
