from django.db import migrations, models

ADDED = {
    'refinenet': ('RefineNet', 'segmentation'),
    'refinenet-small': ('RefineNet, small', 'segmentation'),
    'detectnet': ('DetectNet', 'detection'),
    'detectnet-small': ('DetectNet, small', 'detection'),
    'ssdlite320_mobilenet_v3_large': ('SSDLite320', 'detection'),
}


def add_tasks(apps, schema_editor):
    """Until now the zoo held networks for classification alone; every workspace gets the others too."""
    Prototype = apps.get_model('prototypes', 'Prototype')
    Prototype.objects.filter(source='zoo').update(task='classification')
    for workspace in apps.get_model('accounts', 'Workspace').objects.all():
        for zoo, (name, task) in ADDED.items():
            known = {'name': name, 'task': task, 'source': 'zoo', 'state': 'ready'}
            Prototype.objects.get_or_create(workspace=workspace, zoo=zoo, defaults=known)


class Migration(migrations.Migration):

    dependencies = [
        ('prototypes', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='prototype',
            name='task',
            field=models.CharField(blank=True, default='', help_text='Empty: for any, as an uploaded network', max_length=40),
        ),
        migrations.RunPython(add_tasks, migrations.RunPython.noop),
    ]
