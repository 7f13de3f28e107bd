# perl: regular expressions, sorting, a child, big integers
# needs: /usr/bin/perl
# prints: 26 zyx 10715086071862673209484250490600018105614048117055336074437503883703510511249361224931983788156958581275946729175531468251871452856923140435984577574698574803934567774824230985421074605062371141877954182153046474983581941267398767559165543946077062914571196477686542167660429831652624386837205668069376 child 3
# packages: perl
perl -MMath::BigInt -e '
  my $text = join "", "a".."z"; my @found = $text =~ /([a-z])/g;
  my $out = `echo child`; chomp $out; my $status = system("exit 3;") >> 8;
  print scalar(@found), " ", substr(reverse($text), 0, 3), " ", Math::BigInt->new(2)->bpow(1000), " $out $status\n"'
