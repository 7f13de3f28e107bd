# octave: linear algebra, eigenvalues, Fourier transforms
# needs: /usr/bin/octave-cli
# prints: 6.0000 15 32
# packages: octave
octave-cli --no-gui --norc --eval 'a = magic(4); e = sort(abs(eig([2 0; 0 6]))); f = real(fft(ones(1, 32))); printf("%.4f %d %d\n", e(2), trace(a) - 19, f(1))' 2>/dev/null
