/* Moves the tray of a drive: tray eject|close DEVICE. */
#include <fcntl.h>
#include <linux/cdrom.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

int main(int count, char **words)
{
	if (count != 3)
		return 2;
	int drive = open(words[2], O_RDONLY | O_NONBLOCK);
	if (drive < 0 || ioctl(drive, strcmp(words[1], "eject") ? CDROMCLOSETRAY : CDROMEJECT) < 0) {
		perror(words[2]);
		return 1;
	}
	puts("moved");
	return 0;
}
